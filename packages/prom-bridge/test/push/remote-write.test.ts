import fc from 'fast-check'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { type Bridge, bridge } from '../../src/bridge/bridge.js'
import {
  type RemoteWrite,
  type RemoteWriteEvent,
  type RemoteWriteOptions,
  remoteWrite,
} from '../../src/remote-write.js'
import { Receiver } from '../support/receiver.js'
import { TestSource, until, update } from '../support/source.js'

let receiver: Receiver
let source: TestSource
let made: Bridge
let push: RemoteWrite
let events: RemoteWriteEvent[]
let nowMs: number

function start(more: Partial<RemoteWriteOptions> = {}): void {
  made = bridge({
    views: [{ view: 'v', labels: { a: 'a' }, source, value: { column: 'n' } }],
    now: () => nowMs,
  })
  push = remoteWrite(made, {
    url: receiver.url,
    intervalMs: 10_000_000,
    retryMs: 1,
    now: () => nowMs,
    onEvent: event => events.push(event),
    ...more,
  })
}

beforeEach(async () => {
  receiver = await Receiver.start()
  source = new TestSource()
  events = []
  nowMs = 1000
})
afterEach(async () => {
  await push.close()
  await made.close()
  await receiver.close()
})

const row = (a: string | null, n: unknown = 1): Record<string, unknown> => ({ a, n })
const liveRows = (): Readonly<Record<string, number>> =>
  Object.fromEntries(
    [...receiver.live].flatMap(([labels, value]) => {
      const { __name__, a = '' } = JSON.parse(labels) as { readonly __name__: string; readonly a?: string }
      return __name__ === 'v' ? [[a, value]] : []
    }),
  )

test('B36: a receiver has every row and what we say about ourselves, and a row that went is ended there', async () => {
  start({ labels: { job: 'event_exporter', a: 'external' } })
  await source.snapshot([row('A', 1.5), row('ü"\\\n', Number.NaN), row(null, 7)])
  await push.flush()
  expect(liveRows()).toEqual({ A: 1.5, 'ü"\\\n': Number.NaN, external: 7 })
  expect(
    receiver.live.get('{"__name__":"mzalert_view_up","job":"event_exporter","view":"v"}'),
  ).toBeUndefined()
  expect([...receiver.live.keys()]).toContain(
    '{"__name__":"mzalert_view_up","a":"external","job":"event_exporter","view":"v"}',
  )
  expect(receiver.headers[0]).toMatchObject({
    'content-encoding': 'snappy',
    'content-type': 'application/x-protobuf',
    'x-prometheus-remote-write-version': '0.1.0',
  })
  await source.changes(update(row('A', 1.5), -1))
  await push.flush()
  expect(Object.keys(liveRows())).toEqual(['ü"\\\n', 'external'])
  expect(receiver.markers).toBe(1)
  await push.flush()
  expect(receiver.markers).toBe(1)
})

test('rows that do not change are sent again in every interval', async () => {
  start({ intervalMs: 1 })
  await source.snapshot([row('A')])
  await until(() => receiver.requests > 2)
  expect(liveRows()).toEqual({ A: 1 })
})

test('B33: timestamps only grow, also when the clock is set back', async () => {
  start()
  await source.snapshot([row('A')])
  for (const ms of [5000, 1000, 1000, 6000]) {
    nowMs = ms
    await push.flush()
  }
  expect(events.map(({ type }) => type)).toEqual(['sent', 'sent', 'sent', 'sent'])
})

test('many rows are many requests, none of them large', async () => {
  start()
  await source.snapshot(Array.from({ length: 4500 }, (_, index) => row(`${index}`)))
  await push.flush()
  expect(receiver.requests).toBe(3)
  expect(Object.keys(liveRows())).toHaveLength(4500)
})

describe('a receiver that', () => {
  test('is busy, or gone, is tried again, and then left until the next interval', async () => {
    start()
    await source.snapshot([row('A')])
    receiver.answers.push(503, 429, 'dropped')
    await push.flush()
    expect(events.map(({ type }) => type)).toEqual(['retry', 'retry', 'retry'])
    expect(liveRows()).toEqual({})
    await push.flush()
    expect(liveRows()).toEqual({ A: 1 })
  })

  test('refuses a request is not asked again, and it is said how many series that are', async () => {
    start()
    await source.snapshot([row('A')])
    receiver.answers.push(400)
    await push.flush()
    expect(receiver.requests).toBe(1)
    expect(events).toMatchObject([{ type: 'refused', status: 400, problem: 'refused with 400' }])
  })

  test('took a row although its answer was lost is told when that row goes', async () => {
    start()
    await source.snapshot([row('A')])
    receiver.answers.push('lost', 503, 503)
    await push.flush()
    expect(liveRows()).toEqual({ A: 1 })
    await source.changes(update(row('A'), -1))
    await push.flush()
    expect(liveRows()).toEqual({})
  })
})

test('B36: whatever changes, and whatever the receiver does, it has exactly our rows as soon as it takes everything', async () => {
  const step = fc.record({
    rows: fc.array(fc.tuple(fc.constantFrom('A', 'B', 'C'), fc.nat(2)), { maxLength: 3 }),
    answers: fc.array(fc.constantFrom<number | 'lost' | 'dropped'>(503, 'lost', 'dropped'), { maxLength: 4 }),
  })
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 5 }), async steps => {
      source = new TestSource()
      start({ endOnClose: false })
      receiver.live.clear()
      await source.snapshot([])
      let now = new Map<string, number>()
      for (const { rows, answers } of [...steps, { rows: [], answers: [] }]) {
        const next = new Map(rows)
        await source.changes(
          ...[...now].map(([a, n]) => update(row(a, n), -1)),
          ...[...next].map(([a, n]) => update(row(a, n))),
        )
        now = next
        receiver.answers.splice(0, receiver.answers.length, ...answers)
        nowMs += 1000
        await push.flush()
      }
      expect(liveRows()).toEqual(Object.fromEntries(now))
      await push.close()
      await made.close()
    }),
    { numRuns: 60 },
  )
}, 60_000)

test('B36: a restart ends nothing, unless that is wished', async () => {
  start()
  await source.snapshot([row('A')])
  await push.flush()
  await push.close()
  expect(liveRows()).toEqual({ A: 1 })
  receiver.live.clear()
  source = new TestSource()
  start({ endOnClose: true })
  await source.snapshot([row('A')])
  await push.flush()
  await push.close()
  await push[Symbol.asyncDispose]()
  expect(receiver.markers).toBeGreaterThan(10)
  expect(receiver.live.size).toBe(0)
})

test.each([
  [{ url: 'prometheus:9090' }, '[INVALID_OPTION] url is "prometheus:9090".'],
  [{ intervalMs: 0 }, '[INVALID_OPTION] intervalMs is 0.'],
  [{ labels: { 'a-b': 'x' } }, '[INVALID_OPTION] labels is {"a-b":"x"}.'],
])('options that cannot be used are refused: %j', (options, message) => {
  start()
  expect(() => remoteWrite(made, { url: receiver.url, ...options })).toThrow(message)
})
