import fc from 'fast-check'
import { expect, test } from 'vitest'
import { tail } from '../src/index.js'
import { FakeClock } from '../src/testing/clock.js'
import { progress, update } from '../src/testing/messages.js'
import type { ScriptedClient } from '../src/testing/server.js'
import type { Batch } from '../src/types/batch.js'
import type { WhenFull } from '../src/types/options.js'
import { sum } from './support/decode.js'
import { accepted, collect, failureOf, serve, until } from './support/serve.js'

const wide = 'x'.repeat(500)

/** Forty rows whose place is taken by another a thousand times: far more bytes than rows. */
function churn(client: ScriptedClient): void {
  client.send(accepted, progress(1))
  for (let row = 0; row < 40; row++) client.send(update(1, 1, `${row} 0 ${wide}`))
  client.send(progress(2))
  for (let i = 1; i <= 1000; i++) {
    const at = i + 1
    const row = i % 40
    const round = Math.floor(i / 40)
    client.send(
      update(at, 1, `${row} ${round + (row === 0 ? 0 : 1)} ${wide}`),
      update(at, -1, `${row} ${round - (row === 0 ? 1 : 0)} ${wide}`),
      progress(at + 1),
    )
  }
}
const end = 1002n

/** Takes the first batch, lets the server run ahead until nothing moves any more, then takes the rest. */
async function slowly(whenFull: WhenFull): Promise<{ batches: readonly Batch<unknown>[]; most: number }> {
  const { options } = await serve({ copy: churn })
  const stream = tail('v', { ...options, whenFull, maxBufferedBytes: 60_000 })
  const iterator = stream.batches()
  const batches: Batch<unknown>[] = []
  let most = 0
  for (;;) {
    const { value } = await iterator.next()
    if (!value) throw new Error('the stream ended')
    batches.push(value)
    if (value.upper >= end) break
    for (let turn = 0; turn < 30; turn++) {
      await new Promise(resolve => setImmediate(resolve))
      most = Math.max(most, stream.status.bufferedBytes)
    }
  }
  await iterator.return?.()
  return { batches, most }
}

test('T2: what a slow consumer missed can come as one merged batch, and adds up to the same', async () => {
  const every = await slowly('pause')
  const merged = await slowly('consolidate')
  expect(merged.batches.length).toBeLessThan(every.batches.length / 2)
  expect(merged.batches.map(({ kind }) => kind)).toContain('merged')
  for (const { kind, updates, upper } of merged.batches)
    if (kind === 'merged') for (const { timestamp } of updates) expect(timestamp).toBe(upper - 1n)
  expect(sum(merged.batches)).toEqual(sum(every.batches))
  expect(sum(merged.batches).size).toBe(40)
})

test('T4: merging or not, no more waits than maxBufferedBytes and one read of the socket', async () => {
  // A read of the socket is 64 KiB, and its rows of 500 bytes count twice.
  for (const whenFull of ['pause', 'consolidate'] as const)
    expect((await slowly(whenFull)).most).toBeLessThan(60_000 + 2 * 70_000)
})

test('T47: a consumer that is too slow can be told so', async () => {
  const { options } = await serve({ copy: churn })
  const stream = tail('v', { ...options, whenFull: 'fail', maxBufferedBytes: 60_000 })
  const iterator = stream.batches()
  const error = await failureOf(
    (async () => {
      for (;;) {
        await iterator.next()
        for (let turn = 0; turn < 30; turn++) await new Promise(resolve => setImmediate(resolve))
      }
    })(),
  )
  expect(error).toMatchObject({ code: 'BUFFER_OVERFLOW', retryable: false })
  expect(error.message).toContain('More than 60000 bytes')
})

test('T47: a consumer that stands still lets go of the server, and goes on where it was when it comes back', async () => {
  const clock = new FakeClock()
  let connections = 0
  const { options } = await serve({
    copy: client => {
      connections++
      churn(client)
    },
  })
  const stream = tail('v', { ...options, clock, maxBufferedBytes: 60_000, stallTimeoutMs: 5000 })
  const retries: string[] = []
  stream.events.on('retry', ({ error }) => {
    retries.push(error.code)
    setImmediate(() => clock.advance(1000))
  })
  const iterator = stream.batches()
  const first = await iterator.next()
  await until(() => stream.status.isPaused)
  clock.advance(4999)
  expect(stream.status.isPaused).toBe(true)
  clock.advance(1)
  expect(stream.status.isPaused).toBe(false)
  const rest = await collect(
    { [Symbol.asyncIterator]: () => iterator },
    taken => (taken.at(-1)?.upper ?? 0n) >= end,
  )
  expect(retries).toEqual(['CONSUMER_STALLED'])
  expect(connections).toBe(2)
  expect(sum([...(first.value ? [first.value] : []), ...rest]).size).toBe(40)
})

test('T47: a consumer that takes a batch now and then does not stand still', async () => {
  const clock = new FakeClock()
  const { options } = await serve({ copy: churn })
  const stream = tail('v', { ...options, clock, maxBufferedBytes: 60_000, stallTimeoutMs: 5000 })
  const retries: string[] = []
  stream.events.on('retry', ({ error }) => retries.push(error.code))
  const iterator = stream.batches()
  await iterator.next()
  await until(() => stream.status.isPaused)
  for (let taken = 0; taken < 20; taken++) {
    await iterator.next()
    expect(stream.status.isPaused).toBe(true)
    clock.advance(4000)
  }
  expect(retries).toEqual([])
  expect(stream.status).toMatchObject({ isPaused: true, phase: 'live' })
  await iterator.return?.()
})

test('T47: options of how to behave when full are checked before anything happens', () => {
  fc.assert(
    fc.property(
      fc.string().filter(text => !['pause', 'consolidate', 'fail'].includes(text)),
      text => {
        const options = { connection: 'postgres://localhost', whenFull: text as WhenFull }
        expect(() => tail('v', options)).toThrow('[INVALID_OPTION]')
      },
    ),
  )
})

test('T38: progress that nobody has read is one batch, which moves the frontier and the token', async () => {
  const { options } = await serve({
    copy: client => {
      client.send(accepted, progress(1), progress(2))
      for (let at = 3; at <= 1000; at++) client.send(progress(at))
    },
  })
  const stream = tail('v', options)
  const iterator = stream.batches()
  const snapshot = await iterator.next()
  await until(() => stream.status.bufferedBytes === 0)
  const batches: Batch<unknown>[] = []
  while ((batches.at(-1)?.upper ?? 0n) < 1000n) {
    for (let turn = 0; turn < 100; turn++) await new Promise(resolve => setImmediate(resolve))
    const { value } = await iterator.next()
    if (!value) throw new Error('the stream ended')
    expect(value.token).not.toBe(snapshot.value?.token)
    batches.push(value)
  }
  await iterator.return?.()
  expect(batches.every(({ kind }) => kind === 'progress')).toBe(true)
  expect(batches.length).toBeLessThan(100)
})

test.each(['FIN', 'RST'] as const)(
  'T48: a server that dies (%s) while the consumer stands still is noticed when it goes on, and nothing is lost or comes twice',
  async how => {
    const { options } = await serve({
      copy: (client, statement) => {
        if (statement.includes('AS OF'))
          return client.send(accepted, progress(501), update(600, 1, 'last'), progress(601))
        client.send(accepted, progress(1))
        for (let at = 1; at <= 500; at++) client.send(update(at, 1, `${at} ${wide}`), progress(at + 1))
        if (how === 'FIN') client.end()
        else setImmediate(() => client.reset())
      },
    })
    const clock = new FakeClock()
    const stream = tail('v', { ...options, clock, maxBufferedBytes: 20_000, progressTimeoutMs: 50 })
    const reasons: string[] = []
    stream.events.on('retry', ({ error, delayMs }) => {
      reasons.push(error.code)
      setImmediate(() => clock.advance(delayMs))
    })
    const iterator = stream.batches()
    const batches: Batch<unknown>[] = []
    let wasPaused = false
    while ((batches.at(-1)?.upper ?? 0n) < 601n) {
      const { value } = await iterator.next()
      if (!value) throw new Error('the stream ended')
      batches.push(value)
      if (stream.status.isPaused) {
        wasPaused = true
        // Silence while we hold back says nothing.
        clock.advance(60)
        expect(reasons).toEqual([])
      }
    }
    await iterator.return?.()
    expect(wasPaused).toBe(true)
    expect(reasons).toEqual(['CONNECTION_LOST'])
    expect(sum(batches).get('last')).toBe(1)
  },
)
