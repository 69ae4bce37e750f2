import { Socket } from 'node:net'
import pg from 'pg'
import { to } from 'pg-copy-streams'
import { expect, onTestFinished, test, vi } from 'vitest'
import { tail } from '../../src/index.js'
import { messages, progress, update } from '../../src/testing/messages.js'
import type { Script } from '../../src/testing/server.js'
import { sum } from '../support/decode.js'
import { accepted, collect, failureOf, serve, until } from '../support/serve.js'

const rows = [accepted, progress(1), update(1, 1, 'a'), progress(2), update(2, 1, 'b'), progress(3)]

/** What pg-copy-streams hands out, and how it ends. */
async function byCopyStreams(url: string): Promise<{ lines: number; ended: string }> {
  const client = new pg.Client(url)
  client.on('error', () => {})
  await client.connect()
  const stream = client.query(to('COPY (SUBSCRIBE "v" WITH (PROGRESS)) TO STDOUT'))
  let text = ''
  try {
    for await (const chunk of stream) text += chunk
    return { lines: text.split('\n').length - 1, ended: 'well' }
  } catch (error) {
    return { lines: text.split('\n').length - 1, ended: (error as Error).message }
  } finally {
    void client.end().catch(() => {})
  }
}

async function byTail(url: string): Promise<{ rows: readonly string[]; code: string }> {
  const taken: { updates: readonly { raw: string; diff: number }[] }[] = []
  const error = await failureOf(
    (async () => {
      for await (const batch of tail('v', { connection: url, retry: false }).batches()) taken.push(batch)
    })(),
  )
  return { rows: [...sum(taken).keys()], code: error.code }
}

test('T26: rows that share a packet with an error are lost by pg-copy-streams, and not by us', async () => {
  const script: Script = {
    copy: client =>
      client.send(...rows, messages.error('57014', 'canceling statement'), messages.readyForQuery()),
  }
  const { server } = await serve(script)
  expect(await byCopyStreams(server.url)).toEqual({ lines: 0, ended: 'canceling statement' })
  expect(await byTail(server.url)).toEqual({ rows: ['a', 'b'], code: 'CANCELED' })
})

test('T26: a count that does not match is an end for pg-copy-streams, and an error for us', async () => {
  const { server } = await serve({
    copy: client =>
      client.send(
        ...rows,
        messages.copyDone(),
        messages.commandComplete('COPY 50'),
        messages.readyForQuery(),
      ),
  })
  expect(await byCopyStreams(server.url)).toEqual({ lines: 5, ended: 'well' })
  expect(await byTail(server.url)).toEqual({ rows: ['a', 'b'], code: 'COUNT_MISMATCH' })
})

test('T26: a message that has no place in a COPY is an end for pg-copy-streams, and an error for us', async () => {
  const { server } = await serve({ copy: client => client.send(...rows, messages.unknown()) })
  expect((await byCopyStreams(server.url)).ended).toBe('well')
  expect(await byTail(server.url)).toEqual({ rows: ['a', 'b'], code: 'PROTOCOL' })
})

test('T26: a notice between rows is told to nobody by pg-copy-streams, and told by us', async () => {
  const { server } = await serve({
    copy: client =>
      client.send(accepted, progress(1), messages.notice('replica away'), update(1, 1, 'a'), progress(2)),
  })
  const client = new pg.Client(server.url)
  const heard: string[] = []
  client.on('notice', () => heard.push('pg')).on('error', () => {})
  await client.connect()
  const stream = client.query(to('COPY (SUBSCRIBE "v" WITH (PROGRESS)) TO STDOUT'))
  let lines = 0
  stream
    .on('error', () => {})
    .on('data', chunk => {
      lines += `${chunk}`.split('\n').length - 1
    })
  await until(() => lines === 3)
  expect(heard).toEqual([])
  void client.end().catch(() => {})

  const ours = tail('v', { connection: server.url })
  ours.events.on('notice', ({ message }) => heard.push(message))
  await collect(ours.batches(), () => true)
  expect(heard).toEqual(['replica away'])
})

test('T26: after a break pg-copy-streams leaves a connection that answers nothing; ours is gone', async () => {
  const { server } = await serve({
    copy: client => client.send(accepted, progress(1), update(1, 1, 'a'), progress(2)),
  })
  const client = new pg.Client(server.url)
  client.on('error', () => {})
  await client.connect()
  // Before, this connection answers.
  expect((await client.query('select 1')).rows).toHaveLength(1)
  for await (const _ of client.query(to('COPY (SUBSCRIBE "v" WITH (PROGRESS)) TO STDOUT'))) break
  let isAnswered = false
  const settle = (): void => {
    isAnswered = true
  }
  client.query('select 1').then(settle, settle)
  await collect(tail('v', { connection: server.url }).batches(), () => true)
  await until(() => server.connections === 1)
  expect(isAnswered).toBe(false)
  void client.end().catch(() => {})
})

test('T26: a time limit for queries in the URL, which drivers apply to a COPY too, ends no stream of ours', async () => {
  const { server } = await serve({
    copy: client => {
      client.send(accepted, progress(1), update(1, 1, 'a'), progress(2))
      setTimeout(() => client.send(progress(3)), 80)
    },
  })
  const taken = await collect(
    tail('v', { connection: `${server.url}?query_timeout=30`, retry: false }).batches(),
    batches => batches.at(-1)?.upper === 3n,
  )
  expect(sum(taken)).toEqual(new Map([['a', 1]]))
})

test('T26: TCP keepalive, which drivers leave off, is on', async () => {
  const { server } = await serve({ copy: client => client.send(accepted, progress(1), progress(2)) })
  const keepAlive = vi.spyOn(Socket.prototype, 'setKeepAlive')
  onTestFinished(() => keepAlive.mockRestore())
  await collect(tail('v', { connection: server.url }).batches(), () => true)
  expect(keepAlive).toHaveBeenCalledWith(true, 10_000)
})
