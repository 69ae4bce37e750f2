import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import {
  acceleratedClock,
  type Clock,
  events,
  type GeneratedEvent,
  type LateNotice,
  memory,
  run,
  type Sink,
  scenarios,
  virtualClock,
  withFaults,
} from '../src/index.js'
import { expected, go, minute, story } from './support/minute.js'
import { digest, origin, rejection } from './support/story.js'

describe('a run', () => {
  test('sends every event of the scenario once, in order, and says how much that was', async () => {
    const sink = memory()
    const stats = await go({ sink })
    expect(sink.events).toEqual(expected)
    expect(stats).toEqual({
      events: expected.length,
      batches: sink.batches.length,
      bytes: expected.reduce((sum, { value }) => sum + Buffer.byteLength(JSON.stringify(value)), 0),
      late: 0,
      maxLateMs: 0,
      skipped: 0,
      retries: 0,
    })
  })

  test('E1: the bytes are the same for batches of 1, 7 and 500, for any sleep, and with or without a backlog', async () => {
    const truth = digest(expected)
    for (const maxBatchEvents of [1, 7, 500]) {
      for (const startMs of [origin, origin + 31_234, origin + 3_600_000]) {
        const sink = memory()
        await go({ sink, maxBatchEvents, clock: virtualClock(startMs) })
        expect(digest(sink.events)).toBe(truth)
        expect(Math.max(...sink.batches.map(({ length }) => length))).toBeLessThanOrEqual(maxBatchEvents)
      }
    }
  })

  test('E1: the bytes are the same however long each wake-up takes', async () => {
    const pauses = fc.array(fc.nat(20_000), { minLength: 1, maxLength: 10 })
    await fc.assert(
      fc.asyncProperty(pauses, fc.integer({ min: 1, max: 600 }), async (some, maxBatchEvents) => {
        let nowMs = origin
        let sleeps = 0
        const oversleeping: Clock = {
          nowMs: () => nowMs,
          sleep: async ms => {
            nowMs += ms + (some[sleeps % some.length] ?? 0)
            sleeps++
          },
        }
        const sink = memory()
        await go({ sink, maxBatchEvents, clock: oversleeping })
        expect(digest(sink.events)).toBe(digest(expected))
      }),
      { numRuns: 30 },
    )
  })

  test('sends what has come due in one batch, and nothing before its time', async () => {
    const sink = memory()
    const clock = virtualClock(origin)
    const sentAt: number[] = []
    await go({ sink, clock, onBatch: ({ sentAtMs }) => sentAt.push(sentAtMs) })
    const [past, ...later] = sink.batches
    expect(past?.every(({ stream }) => stream === 'initial')).toBe(true)
    expect(later.map(batch => new Set(batch.map(({ timestampMs }) => timestampMs)).size)).toEqual(
      later.map(() => 1),
    )
    expect(sentAt.slice(1)).toEqual(later.map(([event]) => event?.timestampMs))
    expect(later.find(batch => batch.length > 1)).toHaveLength(40)
  })

  test('starts at the time of its clock, rounded down, if it is not told from when', async () => {
    const sink = memory()
    await run({ scenario: story, sink, to: origin + 60_000, clock: virtualClock(origin + 0.75) })
    expect(sink.events).toEqual(expected)
  })

  test('ends a batch at a number of bytes, too: those of keys, values and headers, and 100 for each event', async () => {
    const sink = memory()
    const scenario = withFaults(story, { clockSkewed: 0.5 })
    await go({ sink, scenario, maxBatchBytes: 1000, clock: virtualClock(minute.to) })
    const sizeOf = ({ key, value, headers = {} }: GeneratedEvent): number =>
      100 + Buffer.byteLength([key, JSON.stringify(value), ...Object.entries(headers).flat()].join(''))
    for (const batch of sink.batches.slice(0, -1)) {
      const size = batch.reduce((sum, event) => sum + sizeOf(event), 0)
      expect(size).toBeGreaterThanOrEqual(1000)
      expect(size - sizeOf(batch.at(-1) as GeneratedEvent)).toBeLessThan(1000)
    }
    expect(sink.events).toEqual([...events(scenario, minute)])
  })

  test('lets events wait for others until the first of them is so old, or the batch is full', async () => {
    const sink = memory()
    const clock = virtualClock(origin)
    const sentAt: number[] = []
    const stats = await go({
      sink,
      clock,
      maxBatchAgeMs: 5000,
      maxBatchEvents: 30,
      onBatch: ({ sentAtMs }) => sentAt.push(sentAtMs),
    })
    expect(sink.events).toEqual(expected)
    expect(stats.late).toBe(0)
    // Sixty of the past in two full ones; then a trickle a second.
    expect(sink.batches.slice(0, 2).map(({ length }) => length)).toEqual([30, 30])
    for (const [position, batch] of sink.batches.entries()) {
      const waitedMs = (sentAt[position] ?? 0) - Math.max(origin, batch[0]?.timestampMs ?? 0)
      expect(waitedMs).toBeLessThanOrEqual(5000)
      const last = position === sink.batches.length - 1
      if (!last && batch.length < 30) expect(waitedMs).toBe(5000)
    }
    expect(sink.batches.length).toBeLessThan(20)
  })

  test('an abort sends what waited for others, and nothing before its time', async () => {
    const stop = new AbortController()
    let nowMs = origin
    const clock: Clock = {
      nowMs: () => nowMs,
      sleep: async ms => {
        if (nowMs + ms > origin + 12_345) {
          nowMs = origin + 12_345
          stop.abort()
        } else nowMs += ms
      },
    }
    const sink = memory()
    await go({ sink, clock, signal: stop.signal, maxBatchAgeMs: 8000, maxBatchEvents: 1000 })
    expect(sink.events).toEqual(expected.filter(({ timestampMs }) => timestampMs <= origin + 12_345))
  })

  test('leaves out what is late if it is told to, and counts it', async () => {
    const clock = virtualClock(origin)
    const kept = memory()
    const slow: Sink = {
      close: kept.close,
      send: async batch => {
        if (batch.some(({ stream }) => stream === 'spike')) await clock.sleep(20_000)
        await kept.send(batch)
      },
    }
    const stats = await go({ sink: slow, clock, whenLate: 'skip' })
    expect(stats).toMatchObject({ events: expected.length - 19, skipped: 19, late: 19 })
    const away = (event: GeneratedEvent): boolean =>
      event.stream === 'trickle' && event.timestampMs > origin + 10_000 && event.timestampMs < origin + 29_000
    expect(kept.events).toEqual(expected.filter(event => !away(event)))
  })

  test('E1: goes on where another one stopped', async () => {
    const [before, after] = [memory(), memory()]
    const stop = new AbortController()
    const onBatch = ({ stats }: { readonly stats: { readonly events: number } }): void => {
      if (stats.events > 80) stop.abort()
    }
    const { events: startAt } = await go({ sink: before, signal: stop.signal, onBatch })
    await go({ sink: after, startAt })
    expect([...before.events, ...after.events]).toEqual(expected)
    expect(after.events.length).toBeGreaterThan(0)
  })

  test('waits for the sink: one send at a time', async () => {
    let inFlight = 0
    let most = 0
    const slow: Sink = {
      close: async () => undefined,
      send: async () => {
        inFlight++
        most = Math.max(most, inFlight)
        await new Promise(resolve => setImmediate(resolve))
        inFlight--
      },
    }
    const stats = await go({ sink: slow })
    expect(most).toBe(1)
    expect(stats.events).toBe(expected.length)
  })

  test('counts and reports the events that a slow sink makes late, and still sends them all', async () => {
    const clock = virtualClock(origin)
    const kept = memory()
    const notices: LateNotice[] = []
    const slow: Sink = {
      close: kept.close,
      send: async batch => {
        if (batch.some(({ stream }) => stream === 'spike')) await clock.sleep(20_000)
        await kept.send(batch)
      },
    }
    const stats = await go({ sink: slow, clock, onLate: notice => notices.push(notice) })
    expect(kept.events).toEqual(expected)
    // The trickle from the spike at 10 s on, up to a second before the sink is back at 30 s.
    expect(stats.late).toBe(19)
    expect(stats.maxLateMs).toBe(origin + 30_000 - (expected.find(isTrickle(10))?.timestampMs ?? 0))
    expect(notices).toMatchObject([{ events: 19, lateMs: stats.maxLateMs, stats: { late: 19 } }])
  })

  test('a backlog that was asked for is not late', async () => {
    const stats = await go({ sink: memory(), clock: virtualClock(origin + 50_000) })
    expect(stats).toMatchObject({ events: expected.length, late: 0 })
  })

  test('E5: ends when the signal aborts: what is in hand is sent, and the rest is not', async () => {
    const stop = new AbortController()
    const sink = memory()
    const stats = await go({
      sink,
      signal: stop.signal,
      onBatch: ({ stats: { events: sent } }) => {
        if (sent >= 70) stop.abort()
      },
    })
    expect(stats.events).toBe(sink.events.length)
    expect(sink.events).toEqual(expected.slice(0, stats.events))
    expect(stats.events).toBeLessThan(expected.length)
  })

  test('an abort wakes it from its sleep', async () => {
    const stop = new AbortController()
    const sink = memory()
    const distant = scenarios.deployments({ eventsPerSecond: 0, initialEvents: 1, firstSpikeMs: 3_600_000 })
    const stats = await run({
      scenario: distant,
      sink,
      signal: stop.signal,
      onBatch: () => setImmediate(() => stop.abort()),
    })
    expect(stats.events).toBe(1)
  })

  test('an abort before the start sends nothing', async () => {
    const sink = memory()
    expect(await go({ sink, signal: AbortSignal.abort() })).toMatchObject({ events: 0, batches: 0 })
    expect(sink.events).toEqual([])
  })

  test('E5: an abort is heard while a backlog without end goes to a sink that never waits', async () => {
    const stop = new AbortController()
    setTimeout(() => stop.abort(), 0)
    let sent = 0
    const eager: Sink = {
      close: async () => undefined,
      send: async batch => {
        sent += batch.length
        // A run that does not hear of it has to end at some time, too.
        if (sent > 1_000_000) throw new Error('never stopped')
      },
    }
    const clock = acceleratedClock(Number.POSITIVE_INFINITY)
    const stats = await run({ scenario: story, sink: eager, from: origin, clock, signal: stop.signal })
    expect(stats.events).toBe(sent)
  })

  test('what a callback throws ends it', async () => {
    const mistake = new TypeError('in a callback')
    const throwing = (): never => {
      throw mistake
    }
    expect(await rejection(go({ sink: memory(), onBatch: throwing }))).toBe(mistake)
  })

  test.each([
    [{ maxBatchEvents: 0 }, 'maxBatchEvents'],
    [{ maxBatchBytes: 0.5 }, 'maxBatchBytes'],
    [{ lateAfterMs: -1 }, 'lateAfterMs'],
    [{ retry: { maxAttempts: -1 } }, 'retry.maxAttempts'],
    [{ retry: { initialMs: Number.NaN } }, 'retry.initialMs'],
    [{ retry: { maxMs: -1 } }, 'retry.maxMs'],
    [{ maxBatchAgeMs: -1 }, 'maxBatchAgeMs'],
    [{ whenLate: 'drop' as never }, 'whenLate'],
    [{ startAt: 0.5 }, 'startAt'],
    [{ to: origin - 1 }, 'to'],
    [{ from: undefined, clock: acceleratedClock(Number.POSITIVE_INFINITY) } as object, 'from'],
  ])('refuses an option out of its range before it sends anything: %o', async (wrong, name) => {
    const sink = memory()
    expect(await rejection(go({ sink, ...wrong }))).toMatchObject({
      code: 'INVALID_OPTION',
      details: { name },
    })
    expect(sink.events).toEqual([])
  })
})

/** The trickled event with this index. */
function isTrickle(index: number): (event: GeneratedEvent) => boolean {
  return event => event.stream === 'trickle' && event.index === index
}
