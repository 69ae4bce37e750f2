import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import {
  type Clock,
  EventsError,
  events,
  type GeneratedEvent,
  type LateNotice,
  memory,
  type RetryNotice,
  type RunOptions,
  run,
  type Sink,
  scenarios,
  virtualClock,
} from '../src/index.js'
import { digest, origin, rejection } from './support/story.js'

const story = scenarios.deployments({ seed: 7 })
const minute = { scenario: story, from: origin, to: origin + 60_000 }
const expected = [...events(story, { from: origin, to: origin + 60_000 })]

/** A virtual minute, unless told otherwise. */
function go(options: Partial<RunOptions> & { readonly sink: Sink }): ReturnType<typeof run> {
  return run({ ...minute, clock: virtualClock(origin), ...options })
}

/** A memory sink that fails the sends for which `fault` gives an error, before keeping anything. */
function failing(fault: (send: number) => unknown): Sink & { readonly events: readonly GeneratedEvent[] } {
  const kept = memory()
  let sends = 0
  return {
    events: kept.events,
    close: kept.close,
    send: async batch => {
      sends += 1
      const error = fault(sends)
      if (error !== undefined) throw error
      await kept.send(batch)
    },
  }
}

const passing = (): Error => Object.assign(new Error('broker is away'), { retriable: true })

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
            sleeps += 1
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

  test('ends a batch at a number of bytes, too', async () => {
    const sink = memory()
    await go({ sink, maxBatchBytes: 1000 })
    for (const batch of sink.batches) {
      const sizes = batch.map(({ value }) => Buffer.byteLength(JSON.stringify(value)))
      expect(sizes.slice(0, -1).reduce((sum, size) => sum + size, 0)).toBeLessThan(1000)
    }
    expect(sink.events).toEqual(expected)
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
        inFlight += 1
        most = Math.max(most, inFlight)
        await new Promise(resolve => setImmediate(resolve))
        inFlight -= 1
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
    expect(notices).toEqual([{ events: 19, lateMs: stats.maxLateMs }])
  })

  test('a backlog that was asked for is not late', async () => {
    const stats = await go({ sink: memory(), clock: virtualClock(origin + 50_000) })
    expect(stats).toMatchObject({ events: expected.length, late: 0 })
  })

  test('ends when the signal aborts: what is in hand is sent, and the rest is not', async () => {
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
    [{ retry: { retries: -1 } }, 'retry.retries'],
    [{ retry: { minDelayMs: Number.NaN } }, 'retry.minDelayMs'],
    [{ retry: { maxDelayMs: -1 } }, 'retry.maxDelayMs'],
    [{ maxBatchAgeMs: -1 }, 'maxBatchAgeMs'],
    [{ whenLate: 'drop' as never }, 'whenLate'],
    [{ startAt: 0.5 }, 'startAt'],
    [{ to: origin - 1 }, 'to'],
  ])('refuses an option out of its range before it sends anything: %o', async (wrong, name) => {
    const sink = memory()
    expect(await rejection(go({ sink, ...wrong }))).toMatchObject({
      code: 'INVALID_OPTION',
      details: { name },
    })
    expect(sink.events).toEqual([])
  })
})

describe('a run whose sink fails', () => {
  test('sends the batch again when the error may pass, later each time, and loses and doubles nothing', async () => {
    const notices: RetryNotice[] = []
    const sink = failing(send => (send >= 3 && send <= 6 ? passing() : undefined))
    const stats = await go({ sink, onRetry: notice => notices.push(notice) })
    expect(sink.events).toEqual(expected)
    expect(stats.retries).toBe(4)
    expect(notices.map(({ attempts, delayMs }) => [attempts, delayMs])).toEqual([
      [1, 100],
      [2, 200],
      [3, 400],
      [4, 800],
    ])
    expect(notices[0]?.error).toMatchObject({ message: 'broker is away' })
  })

  test('waits no longer than it is told to', async () => {
    const delays: number[] = []
    const sink = failing(send => (send <= 5 ? passing() : undefined))
    const retry = { retries: 5, minDelayMs: 10, maxDelayMs: 35 }
    await go({ sink, retry, onRetry: ({ delayMs }) => delays.push(delayMs) })
    expect(delays).toEqual([10, 20, 35, 35, 35])
  })

  test('gives up after so many attempts, and says what has arrived and what has not', async () => {
    const sink = failing(send => (send >= 4 ? passing() : undefined))
    const error = await rejection(go({ sink, retry: { retries: 2 } }))
    expect(EventsError.is(error)).toBe(true)
    const unsent = expected[sink.events.length]
    expect(error).toMatchObject({
      code: 'SINK_FAILED',
      retryable: true,
      cause: { message: 'broker is away' },
      details: { attempts: 3, sent: sink.events.length, stream: unsent?.stream, index: unsent?.index },
    })
  })

  test('does not try again what will not pass', async () => {
    const mistake = new TypeError('value is not serializable')
    let sends = 0
    const sink = failing(send => {
      sends = send
      return mistake
    })
    const error = await rejection(go({ sink }))
    expect(error).toMatchObject({
      code: 'SINK_FAILED',
      retryable: false,
      cause: mistake,
      details: { attempts: 1 },
    })
    expect(sends).toBe(1)
  })

  test('an abort while it waits gives the batch one more attempt, which may succeed', async () => {
    const stop = new AbortController()
    const sink = failing(send => (send === 2 ? passing() : undefined))
    const stats = await go({ sink, signal: stop.signal, onRetry: () => stop.abort() })
    expect(stats.retries).toBe(1)
    expect(sink.events).toEqual(expected.slice(0, stats.events))
    expect(stats.batches).toBe(2)
  })

  test('an abort while it waits ends with the error if the last attempt fails, too: nothing is lost in silence', async () => {
    const stop = new AbortController()
    const sink = failing(send => (send >= 2 ? passing() : undefined))
    const error = await rejection(go({ sink, signal: stop.signal, onRetry: () => stop.abort() }))
    expect(error).toMatchObject({ code: 'SINK_FAILED', details: { attempts: 2, sent: sink.events.length } })
  })
})

/** The trickled event with this index. */
function isTrickle(index: number): (event: GeneratedEvent) => boolean {
  return event => event.stream === 'trickle' && event.index === index
}
