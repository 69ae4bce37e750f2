import { describe, expect, test } from 'vitest'
import {
  EventsError,
  memory,
  type RetryNotice,
  type RunStats,
  type Sink,
  virtualClock,
} from '../src/index.js'
import { expected, failing, go, passing } from './support/minute.js'
import { origin, rejection } from './support/story.js'

describe('a run whose sink fails', () => {
  test('E4: tries for ever if it is told to', async () => {
    let left = 2000
    const delays = new Set<number>()
    const sink = failing(() => (left-- > 0 ? passing() : undefined))
    const retry = { initialMs: 0, maxAttempts: Number.POSITIVE_INFINITY }
    const stats = await go({ sink, retry, onRetry: ({ delayMs }) => delays.add(delayMs) })
    expect(sink.events).toEqual(expected)
    expect(stats.retries).toBe(2000)
    expect(delays).toEqual(new Set([0]))
  })

  test('E5: what it left out counts only once all before it has arrived, so that one can go on from there', async () => {
    const clock = virtualClock(origin)
    const kept = memory()
    let isAway = false
    const slow: Sink = {
      close: kept.close,
      send: async batch => {
        if (isAway) throw passing()
        if (batch.some(({ stream }) => stream === 'spike')) {
          await clock.sleep(20_000)
          isAway = true
        }
        await kept.send(batch)
      },
    }
    let stats: RunStats | undefined
    const onRetry = (notice: RetryNotice): void => {
      stats = notice.stats
    }
    await rejection(go({ sink: slow, clock, whenLate: 'skip', retry: { maxAttempts: 1 }, onRetry }))
    expect(stats).toMatchObject({ events: kept.events.length, late: 19, skipped: 0, retries: 1 })
  })

  test('sends the batch again when the error may pass, later each time, and loses and doubles nothing', async () => {
    const notices: RetryNotice[] = []
    const sink = failing(send => (send >= 3 && send <= 6 ? passing() : undefined))
    const stats = await go({ sink, onRetry: notice => notices.push(notice) })
    expect(sink.events).toEqual(expected)
    expect(stats.retries).toBe(4)
    expect(notices.map(({ attempt, delayMs }) => [attempt, delayMs])).toEqual([
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
    const retry = { initialMs: 10, maxMs: 35, maxAttempts: 5 }
    await go({ sink, retry, onRetry: ({ delayMs }) => delays.push(delayMs) })
    expect(delays).toEqual([10, 20, 35, 35, 35])
  })

  test('gives up after so many attempts, and says what has arrived and what has not', async () => {
    const sink = failing(send => (send >= 4 ? passing() : undefined))
    const error = await rejection(go({ sink, retry: { maxAttempts: 2 } }))
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
