import { wallClock } from './clock.js'
import { arrivalMs } from './define/arrival.js'
import { Due } from './due.js'
import { invalidOption } from './errors.js'
import { lastMs, whole } from './options.js'
import { deliver, type FailedAttempt, type RetryOptions, retryOptions } from './retry.js'
import { events } from './scenarios/events.js'
import type { Clock, GeneratedEvent, Scenario, Sink } from './types.js'

/** What a run has done so far. */
export interface RunStats {
  /** Events that the sink has taken. */
  readonly events: number
  readonly batches: number
  /** Their values as JSON in UTF-8, without what a sink adds. */
  readonly bytes: number
  /** Events that came due during the run and were more than `lateAfterMs` behind when their turn came. */
  readonly late: number
  /** How far behind the worst of them was, in the machine's time. */
  readonly maxLateMs: number
  /** Late events that were left out, since `whenLate` is `'skip'`. */
  readonly skipped: number
  /** Attempts after the first one. */
  readonly retries: number
}

/** A batch that the sink has taken. */
export interface SentBatch<Value = unknown> {
  readonly events: readonly GeneratedEvent<Value>[]
  readonly bytes: number
  /** By the run's clock, after the send. */
  readonly sentAtMs: number
  readonly stats: RunStats
}

/** A batch whose events, or some of them, are late. */
export interface LateNotice {
  /** How many events of the batch. */
  readonly events: number
  /** How far behind the earliest of them is, in the machine's time. */
  readonly lateMs: number
  readonly stats: RunStats
}

/** A batch that is about to be sent again. */
export interface RetryNotice extends FailedAttempt {
  readonly stats: RunStats
}

/** What is sent where, from when to when, and how. All durations are the machine's time, whatever the clock's speed. */
export interface RunOptions<Value = unknown> {
  readonly scenario: Scenario<Value>
  /** Stays open: whoever made it closes it. */
  readonly sink: Sink
  /** The scenario's origin, epoch milliseconds. Default: the clock's time. If in the past, the run catches up first. */
  readonly from?: number
  /** No event at or after it. Default: none. */
  readonly to?: number
  /** How many events to leave out: the `events` and `skipped` of a run that stopped, to go on there. Default: 0. */
  readonly startAt?: number
  /** Default: `wallClock`. */
  readonly clock?: Clock
  /** Ends the run after the batch in hand. */
  readonly signal?: AbortSignal
  /** Default: 500. */
  readonly maxBatchEvents?: number
  /**
   * A batch ends with the event that reaches this: keys, values, headers, and 100 more for each. Default: 524 288, half
   * of what a Kafka broker takes in one request.
   */
  readonly maxBatchBytes?: number
  /** How long an event may wait for others to fill the batch. Default: 0, what has come due goes out. */
  readonly maxBatchAgeMs?: number
  /** Beyond `maxBatchAgeMs`. Default: 1000. */
  readonly lateAfterMs?: number
  /** What becomes of late events: they are sent all the same, or left out. Default: 'catch-up'. */
  readonly whenLate?: 'catch-up' | 'skip'
  readonly retry?: RetryOptions
  /** After each batch. What a callback throws ends the run. */
  readonly onBatch?: (batch: SentBatch<Value>) => void
  readonly onLate?: (notice: LateNotice) => void
  readonly onRetry?: (notice: RetryNotice) => void
}

/**
 * Sends a scenario's events to a sink as their times come, and resolves with the totals when the scenario ends or
 * the signal aborts.
 *
 * At each wake-up everything that has come due goes out, in order, in one batch or as many as the limits ask for,
 * one at a time: a slow sink makes events late (counted), never lost (unless `whenLate` says so) or out of order. A
 * sink's error that may pass is retried; any other, or the last, rejects with an `EventsError` that says where sending
 * stopped. `INVALID_OPTION` before anything is sent.
 */
export async function run<Value>(options: RunOptions<Value>): Promise<RunStats> {
  const { scenario, sink, clock = wallClock, signal, lateAfterMs = 1000, whenLate = 'catch-up' } = options
  const { onBatch, onLate, onRetry } = options
  const { speed = 1 } = clock
  if (typeof sink?.send !== 'function') throw invalidOption('sink', sink, 'a sink')
  if (whenLate !== 'catch-up' && whenLate !== 'skip')
    throw invalidOption('whenLate', whenLate, "'catch-up' or 'skip'")
  const limits = {
    events: whole('maxBatchEvents', options.maxBatchEvents ?? 500, 1, 1_000_000),
    bytes: whole('maxBatchBytes', options.maxBatchBytes ?? 524_288, 1, 1_073_741_824),
    ageMs: whole('maxBatchAgeMs', options.maxBatchAgeMs ?? 0, 0, 3_600_000) * speed,
  }
  whole('lateAfterMs', lateAfterMs, 0, 3_600_000)
  const retry = retryOptions(options.retry ?? {})
  const startedAtMs = clock.nowMs()
  const { from = Math.floor(startedAtMs), to, startAt = 0 } = options
  if (options.from === undefined && startedAtMs >= lastMs)
    throw invalidOption('from', undefined, 'a time: for this clock the end of time has come')
  const due = new Due(events(scenario, { from, startAt, ...(to !== undefined && { to }) }), limits)

  let stats: RunStats = { events: 0, batches: 0, bytes: 0, late: 0, maxLateMs: 0, skipped: 0, retries: 0 }
  const countRetry = (attempt: FailedAttempt): void => {
    stats = { ...stats, retries: stats.retries + 1 }
    onRetry?.({ ...attempt, stats })
  }
  const sendDue = async (nowMs: number): Promise<void> => {
    let [late, maxLateMs, skipped] = [0, 0, 0]
    const batch = due.take(nowMs, event => {
      const behindMs = nowMs - arrivalMs(event)
      const lateMs = Math.round(behindMs / speed)
      // What lay in the past when the run began is a backlog that was asked for, not a delay.
      if (arrivalMs(event) <= startedAtMs || behindMs <= lateAfterMs * speed + limits.ageMs) return false
      late++
      maxLateMs = Math.max(maxLateMs, lateMs)
      if (whenLate === 'skip') skipped++
      return whenLate === 'skip'
    })
    stats = { ...stats, late: stats.late + late, maxLateMs: Math.max(stats.maxLateMs, maxLateMs) }
    if (late > 0) onLate?.({ events: late, lateMs: maxLateMs, stats })
    await deliver(batch.events, { sink, clock, retry, signal, onRetry: countRetry, sent: stats.events })
    // What is left out counts once all before it has arrived: the sum of both is always a position to go on from.
    stats = {
      ...stats,
      events: stats.events + batch.events.length,
      batches: stats.batches + (batch.events.length > 0 ? 1 : 0),
      bytes: stats.bytes + batch.bytes,
      skipped: stats.skipped + skipped,
    }
    if (batch.events.length > 0) onBatch?.({ ...batch, sentAtMs: clock.nowMs(), stats })
  }
  for (let batchMs = due.batchMs; batchMs !== undefined; batchMs = due.batchMs) {
    const nowMs = clock.nowMs()
    if (signal?.aborted === true) {
      // What waited for its batch to fill has been due all along.
      if (limits.ageMs > 0 && batchMs > nowMs) await sendDue(nowMs)
      break
    }
    if (batchMs > nowMs) await clock.sleep(batchMs - nowMs, signal)
    else {
      await sendDue(nowMs)
      // A sink that never waits would keep signals and timers from being heard.
      await new Promise(resolve => setImmediate(resolve))
    }
  }
  return stats
}
