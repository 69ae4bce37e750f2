import { expect, test } from 'vitest'
import { tail } from '../src/index.js'
import { messages, progress, update } from '../src/testing/messages.js'
import type { Batch } from '../src/types/batch.js'
import { sum } from './support/decode.js'
import { accepted, collect, failureOf, serve, until } from './support/serve.js'

test('T1: a cut inside a timestamp shows nothing of it', async () => {
  const { options } = await serve({
    copy: client => {
      client.send(accepted, progress(1), progress(2), update(5, 1, 'half'))
      client.end()
    },
  })
  const taken: Batch<unknown>[] = []
  const error = await failureOf(
    (async () => {
      for await (const batch of tail('v', { ...options, retry: false }).batches()) taken.push(batch)
    })(),
  )
  expect(error).toMatchObject({ code: 'CONNECTION_LOST', retryable: true })
  expect(taken.map(({ kind }) => kind)).toEqual(['snapshot'])
})

test('T26: rows that share a packet with an error are delivered before it', async () => {
  const { options, server } = await serve({
    copy: client =>
      client.send(
        accepted,
        progress(1),
        update(1, 1, 'a'),
        progress(2),
        update(2, 1, 'b'),
        progress(3),
        messages.error('57P01', 'bye', 'FATAL'),
      ),
  })
  const taken: Batch<unknown>[] = []
  const run = async (): Promise<void> => {
    for await (const batch of tail('v', { ...options, retry: false }).batches()) taken.push(batch)
  }
  const running = failureOf(run())
  await until(() => taken.length === 2)
  await server.close()
  expect((await running).code).toBe('SERVER_SHUTDOWN')
  expect([...sum(taken).keys()]).toEqual(['a', 'b'])
})

test('T7: a stream that ends without being complete is no end', async () => {
  const endings: Record<string, { parts: readonly Buffer[]; code: string }> = {
    'a count that does not match': {
      parts: [messages.copyDone(), messages.commandComplete('COPY 7'), messages.readyForQuery()],
      code: 'COUNT_MISMATCH',
    },
    'a clean end at an ordinary timestamp': {
      parts: [messages.copyDone(), messages.commandComplete('COPY 2'), messages.readyForQuery()],
      code: 'UNEXPECTED_END',
    },
    'no CopyDone': {
      parts: [messages.commandComplete('COPY 2'), messages.readyForQuery()],
      code: 'UNEXPECTED_END',
    },
    'a message that has no place there': { parts: [messages.unknown()], code: 'PROTOCOL' },
  }
  for (const [, { parts, code }] of Object.entries(endings)) {
    const { options } = await serve({
      copy: client => client.send(accepted, progress(1), progress(2), ...parts),
    })
    const error = await failureOf(collect(tail('v', { ...options, retry: false }).batches(), () => false))
    expect(error.code).toBe(code)
  }
})

test('T7: a constant view is delivered and the loop ends', async () => {
  const last = 2n ** 64n - 1n
  const { options } = await serve({
    copy: client =>
      client.send(
        accepted,
        progress(last),
        update(last, 1, 'x'),
        messages.copyDone(),
        messages.commandComplete('COPY 2'),
        messages.readyForQuery(),
      ),
  })
  const taken = await collect(tail('v', options).batches(), () => false)
  expect(taken).toMatchObject([{ kind: 'snapshot', updates: [{ raw: 'x', diff: 1 }] }])
})

const cleanEnd = (count: number): readonly Buffer[] => [
  messages.copyDone(),
  messages.commandComplete(`COPY ${count}`),
  messages.readyForQuery(),
]

test('T7: a server that ends at once after a reconnect takes no row back', async () => {
  for (const version of [undefined, 'v0.147.0']) {
    const { options } = await serve({
      version,
      copy: (client, _, index) => {
        if (index === 1) return client.send(accepted, ...cleanEnd(0))
        if (index > 1) return client.send(accepted, progress(20), update(20, 1, 'a'), progress(30))
        client.send(accepted, progress(10), update(10, 1, 'a'), progress(20))
        client.end()
      },
    })
    const stream = tail('v', options)
    const reasons: string[] = []
    stream.events.on('retry', ({ error }) => reasons.push(error.code))
    const taken = await collect(stream.batches(), batches => batches.length === 2)
    expect(reasons).toEqual(['CONNECTION_LOST', 'UNEXPECTED_END'])
    expect(taken.at(-1)?.upper).toBe(30n)
    expect(sum(taken).get('a')).toBeGreaterThan(0)
  }
})

test('T7: an empty constant view is an end, also where nothing says so but the end', async () => {
  const { options } = await serve({
    version: undefined,
    copy: client => client.send(accepted, ...cleanEnd(0)),
  })
  expect(await collect(tail('v', options).batches(), () => false)).toMatchObject([
    { kind: 'snapshot', updates: [] },
  ])
})

test('T7: a stream whose source is at an end is given up with the reason, and not asked for for ever', async () => {
  const { options, server } = await serve({
    copy: (client, statement) =>
      statement.includes('AS OF')
        ? client.send(accepted, progress(10), ...cleanEnd(1))
        : client.send(accepted, progress(10), update(10, 1, 'a'), progress(11), ...cleanEnd(3)),
  })
  const taken: Batch<unknown>[] = []
  const error = await failureOf(
    (async () => {
      for await (const batch of tail('v', options).batches()) taken.push(batch)
    })(),
  )
  expect(error).toMatchObject({ code: 'UNEXPECTED_END' })
  expect(error.message).toContain('is its source at an end?')
  expect(taken).toHaveLength(1)
  expect(server.startups).toHaveLength(6)
})
