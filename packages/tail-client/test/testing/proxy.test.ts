import { afterEach, expect, test } from 'vitest'
import { tail } from '../../src/index.js'
import { messages, progress, update } from '../../src/testing/messages.js'
import { FaultProxy } from '../../src/testing/proxy.js'
import type { ScriptedServer } from '../../src/testing/server.js'
import { sum } from '../support/decode.js'
import { accepted, collect, failureOf, serve, until } from '../support/serve.js'

const proxies: FaultProxy[] = []
afterEach(async () => {
  await Promise.all(proxies.splice(0).map(proxy => proxy.close()))
})

interface Between {
  readonly proxy: FaultProxy
  readonly server: ScriptedServer
  readonly stream: (more?: object) => ReturnType<typeof tail>
}

async function between(rows: number): Promise<Between> {
  const { server, options } = await serve({
    copy: client =>
      client.send(
        accepted,
        progress(1),
        ...Array.from({ length: rows }, (_, i) => update(1, 1, `row ${i} ü`)),
        progress(2),
      ),
  })
  const proxy = await FaultProxy.start({ port: Number(new URL(server.url).port) })
  proxies.push(proxy)
  return { proxy, server, stream: more => tail('v', { ...options, connection: proxy.url, ...more }) }
}

test('a proxy without a fault changes nothing', async () => {
  const { stream } = await between(5000)
  const [batch] = await collect(stream().batches(), () => true)
  expect(batch?.updates).toHaveLength(5000)
})

test('T3: rows that come byte by byte are the same rows', async () => {
  const { proxy, stream } = await between(20)
  proxy.splitBytes = 1
  const [batch] = await collect(stream().batches(), () => true)
  expect([...sum(batch ? [batch] : []).keys()]).toEqual(Array.from({ length: 20 }, (_, i) => `row ${i} ü`))
})

test('T1: a connection that breaks after any number of bytes never shows a part of a timestamp', async () => {
  const { proxy, stream } = await between(3)
  const whole = Buffer.concat([
    accepted,
    progress(1),
    ...[0, 1, 2].map(i => update(1, 1, `row ${i} ü`)),
    progress(2),
  ]).length
  const login = 300
  for (let bytes = 1; bytes < login + whole; bytes += 7) {
    proxy.cutAfterBytes(bytes)
    const taken: number[] = []
    const error = await failureOf(
      (async () => {
        for await (const batch of stream({ retry: false }).batches()) {
          taken.push(batch.updates.length)
          if (taken.length === 1) proxy.cut()
        }
      })(),
    )
    expect(error.retryable).toBe(true)
    expect(taken.filter(count => count !== 3)).toEqual([])
    proxy.restore()
  }
})

test('T6: a network that falls silent is noticed, and what was stalled comes once it is back', async () => {
  const { proxy, stream } = await between(1)
  proxy.stall()
  const silent = await failureOf(
    collect(stream({ retry: false, connectTimeoutMs: 50 }).batches(), () => true),
  )
  expect(silent.code).toBe('CONNECT_TIMEOUT')
  const waiting = collect(stream().batches(), () => true)
  await until(() => proxy.connections > 0)
  proxy.restore()
  expect((await waiting)[0]?.updates).toHaveLength(1)
})

test('while a proxy stalls, a server that goes away is not noticed, and afterwards it is', async () => {
  const { proxy, server, stream } = await between(1)
  const rows = stream()
  const iterator = rows.batches()
  await iterator.next()
  proxy.stall()
  await server.close()
  for (let turn = 0; turn < 50; turn++) await new Promise(resolve => setImmediate(resolve))
  expect(rows.status.phase).toBe('live')
  proxy.restore()
  await until(() => rows.status.phase === 'waiting')
  await iterator.return?.()
})

test('while a proxy refuses, connections are lost, and afterwards not', async () => {
  const { proxy, stream } = await between(1)
  proxy.refuse()
  expect((await failureOf(collect(stream({ retry: false }).batches(), () => true))).code).toBe(
    'CONNECTION_LOST',
  )
  proxy.restore()
  expect(await collect(stream().batches(), () => true)).toHaveLength(1)
})

test('messages are built as the protocol says', () => {
  expect(messages.commandComplete('COPY 2').toString('hex')).toBe('430000000b434f5059203200')
  expect(messages.copyOut(5).toString('hex')).toBe('4800000011000005' + '00'.repeat(10))
})
