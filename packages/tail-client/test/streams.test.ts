import { Writable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { expect, test } from 'vitest'
import { tail, tailAll } from '../src/index.js'
import { progress, update } from '../src/testing/messages.js'
import type { ScriptedClient } from '../src/testing/server.js'
import { accepted, failureOf, serve, until } from './support/serve.js'

const copy = (client: ScriptedClient): void =>
  client.send(accepted, update(1, 1, 'a'), update(1, 1, 'b'), progress(2), update(2, 1, 'c'), progress(3))

test('T49: a Readable gives updates, and its end closes the connection', async () => {
  const { options, server } = await serve({ copy })
  const seen: unknown[] = []
  for await (const { row } of tail('t', options).toReadable()) {
    seen.push(row)
    if (seen.length === 3) break
  }
  expect(seen).toEqual([{ a: 'a' }, { a: 'b' }, { a: 'c' }])
  await until(() => server.connections === 0)
})

test('T49: a writer that fails ends the pipeline and the connection', async () => {
  const { options, server } = await serve({ copy })
  const failing = new Writable({ objectMode: true, write: (_row, _, done) => done(new Error('disk full')) })
  await expect(pipeline(tail('t', options).toReadable(), failing)).rejects.toThrow('disk full')
  await until(() => server.connections === 0)
})

test('T49: what ends the stream destroys the Readable with its error', async () => {
  const { options } = await serve({ copy: client => client.send(accepted, Buffer.from('?\0\0\0\x04')) })
  const readable = tail('t', { ...options, retry: false }).toReadable()
  expect((await failureOf(pipeline(readable, new Writable({ objectMode: true })))).code).toBe('PROTOCOL')
})

test('T49: a web stream gives updates, takes nothing before it is read, and cancel closes the connection', async () => {
  const { options, server } = await serve({ copy })
  const stream = tail('t', options)
  const reader = stream.toWeb().getReader()
  await new Promise(resolve => setImmediate(resolve))
  expect(stream.status.phase).toBe('idle')
  expect((await reader.read()).value?.row).toEqual({ a: 'a' })
  await reader.cancel()
  await until(() => server.connections === 0)
})

test('T32: several views move together, and nothing of one is given beyond the frontier of the slowest', async () => {
  let slow: ScriptedClient | undefined
  const quick = await serve({
    copy: client =>
      client.send(
        accepted,
        update(1, 1, 'q1'),
        progress(4),
        update(5, 1, 'q5'),
        update(7, 1, 'q7'),
        progress(8),
      ),
  })
  const { options, server } = await serve({
    copy: client => {
      slow = client
      client.send(accepted, update(2, 1, 's2'), progress(3))
    },
  })
  const seen: unknown[] = []
  const tails = { quick: tail('q', quick.options), slow: tail('s', options) }
  for await (const { lower, upper, updates } of tailAll(tails)) {
    seen.push([lower, upper, updates.quick.map(({ raw }) => raw), updates.slow.map(({ raw }) => raw)])
    if (upper === 3n) slow?.send(update(5, 1, 's5'), progress(6))
    if (upper === 6n) slow?.send(progress(9))
    if (upper === 8n) break
  }
  expect(seen).toEqual([
    [0n, 3n, ['q1'], ['s2']],
    [3n, 4n, [], []],
    [4n, 6n, ['q5'], ['s5']],
    [6n, 8n, ['q7'], []],
  ])
  await until(() => server.connections === 0 && quick.server.connections === 0)
})

test('T32: a view that fails ends all of them', async () => {
  const broken = await serve({ copy: client => client.send(accepted, Buffer.from('?\0\0\0\x04')) })
  const { options, server } = await serve({
    copy: client => client.send(accepted, update(2, 1, 'x'), progress(3)),
  })
  const both = tailAll({ a: tail('a', options), b: tail('b', { ...broken.options, retry: false }) })
  expect((await failureOf(both.next())).code).toBe('PROTOCOL')
  await until(() => server.connections === 0)
  expect((await failureOf(tailAll({}).next())).code).toBe('INVALID_OPTION')
})

test('T32: return() ends views that move together, though all of them wait', async () => {
  const { options, server } = await serve({ copy: client => client.send(accepted, progress(1)) })
  const both = tailAll({ a: tail('a', options), b: tail('b', options) })
  const waiting = both.next()
  await until(() => server.statements.length === 4)
  expect(await both.return(undefined)).toEqual({ done: true, value: undefined })
  expect(await waiting).toEqual({ done: true, value: undefined })
  await until(() => server.connections === 0)
})

test('T32: a view that ends ends all of them, also those that wait', async () => {
  const { options, server } = await serve({ copy: client => client.send(accepted, progress(1)) })
  const a = tail('a', options)
  const next = tailAll({ a, b: tail('b', options) }).next()
  await until(() => server.statements.length === 4)
  await a.close()
  expect(await next).toEqual({ done: true, value: undefined })
  await until(() => server.connections === 0)
})
