import { wallClock } from './clock.js'
import { invalidOption } from './errors.js'
import { whole } from './options.js'
import { deliver, type RetryNotice, type RetryOptions, retryOptions } from './retry.js'
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
  /** How far behind the worst of them was. */
  readonly maxLateMs: number
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
  /** How far behind the earliest of them is. */
  readonly lateMs: number
}

export interface RunOptions<Value = unknown> {
  readonly scenario: Scenario<Value>
  /** Stays open: whoever made it closes it. */
  readonly sink: Sink
  /** The scenario's origin, epoch milliseconds. Default: the clock's time. In the past, the run catches up first. */
  readonly from?: number
  /** No event at or after it. Default: none. */
  readonly to?: number
  /** Default `wallClock`. */
  readonly clock?: Clock
  /** Ends the run after the batch in hand. */
  readonly signal?: AbortSignal
  /** Default 500. */
  readonly maxBatchEvents?: number
  /** A batch ends with the event that reaches this. Default 524 288: half of what a Kafka broker takes in one request. */
  readonly maxBatchBytes?: number
  /** Default 1000. */
  readonly lateAfterMs?: number
  readonly retry?: RetryOptions
  /** After each batch. What a callback throws ends the run. */
  readonly onBatch?: (batch: SentBatch<Value>) => void
  readonly onLate?: (notice: LateNotice) => void
  readonly onRetry?: (notice: RetryNotice) => void
}

interface Pending<Value> {
  readonly events: readonly GeneratedEvent<Value>[]
  readonly bytes: number
}

/**
 * Sends a scenario's events to a sink as their times come, and resolves with the totals when the scenario ends or
 * the signal aborts.
 *
 * At each wake-up everything that has come due goes out, in order, in one batch or as many as the limits ask for,
 * one at a time: a slow sink makes events late (counted), never lost or out of order. A sink's error that may pass
 * is retried; any other, or the last, rejects with an `EventsError` that says where sending stopped.
 * `INVALID_OPTION` before anything is sent.
 */
export async function run<Value>(options: RunOptions<Value>): Promise<RunStats> {
  const { scenario, sink, clock = wallClock, signal, lateAfterMs = 1000, onBatch, onLate, onRetry } = options
  if (typeof sink?.send !== 'function') throw invalidOption('sink', sink, 'a sink')
  const limits = {
    events: whole('maxBatchEvents', options.maxBatchEvents ?? 500, 1, 1_000_000),
    bytes: whole('maxBatchBytes', options.maxBatchBytes ?? 524_288, 1, 1_073_741_824),
  }
  whole('lateAfterMs', lateAfterMs, 0, 3_600_000)
  const retry = retryOptions(options.retry ?? {})
  const startedAtMs = clock.nowMs()
  const { from = Math.floor(startedAtMs), to } = options
  const schedule = new Schedule(events(scenario, to === undefined ? { from } : { from, to }))

  let stats: RunStats = { events: 0, batches: 0, bytes: 0, late: 0, maxLateMs: 0, retries: 0 }
  const countRetry = (notice: RetryNotice): void => {
    stats = { ...stats, retries: stats.retries + 1 }
    onRetry?.(notice)
  }
  while (schedule.nextMs !== undefined && signal?.aborted !== true) {
    const nowMs = clock.nowMs()
    if (schedule.nextMs > nowMs) {
      await clock.sleep(schedule.nextMs - nowMs, signal)
      continue
    }
    const due = schedule.take(nowMs, limits)
    // What lay in the past when the run began is a backlog that was asked for, not a delay.
    const late = due.events.filter(
      ({ timestampMs }) => timestampMs > startedAtMs && nowMs - timestampMs > lateAfterMs,
    )
    const [latest] = late
    const lateMs = latest === undefined ? 0 : nowMs - latest.timestampMs
    if (late.length > 0) onLate?.({ events: late.length, lateMs })
    await deliver(due.events, { sink, clock, retry, signal, onRetry: countRetry, sent: stats.events })
    stats = {
      events: stats.events + due.events.length,
      batches: stats.batches + 1,
      bytes: stats.bytes + due.bytes,
      late: stats.late + late.length,
      maxLateMs: Math.max(stats.maxLateMs, lateMs),
      retries: stats.retries,
    }
    onBatch?.({ ...due, sentAtMs: clock.nowMs(), stats })
  }
  return stats
}

/** Events in order of time, of which the due ones are taken. */
class Schedule<Value> {
  readonly #events: Iterator<GeneratedEvent<Value>, void>
  #next: GeneratedEvent<Value> | undefined

  constructor(events: Iterator<GeneratedEvent<Value>, void>) {
    this.#events = events
    this.#advance()
  }

  /** When the next event is due; `undefined` after the last. */
  get nextMs(): number | undefined {
    return this.#next?.timestampMs
  }

  /** The events that are due at `nowMs`, up to a limit. */
  take(nowMs: number, limits: { readonly events: number; readonly bytes: number }): Pending<Value> {
    const taken: GeneratedEvent<Value>[] = []
    let bytes = 0
    while (
      this.#next &&
      this.#next.timestampMs <= nowMs &&
      taken.length < limits.events &&
      bytes < limits.bytes
    ) {
      taken.push(this.#next)
      bytes += Buffer.byteLength(JSON.stringify(this.#next.value))
      this.#advance()
    }
    return { events: taken, bytes }
  }

  #advance(): void {
    this.#next = this.#events.next().value ?? undefined
  }
}
