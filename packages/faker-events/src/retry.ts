import { gaveUp } from './errors.js'
import { whole, wholeOrEndless } from './options.js'
import { isRetryable } from './retryable.js'
import type { Clock, GeneratedEvent, Sink } from './types.js'

/** How often, and how long apart, a batch is sent again that a sink could not take. */
export interface RetryOptions {
  /** First delay, in milliseconds of the machine's time; then twice as long each time. Default: 100. */
  readonly initialMs?: number
  /** Longest delay, in milliseconds. Default: 10 000. */
  readonly maxMs?: number
  /** Further attempts for one batch; 0 for none, `Infinity` for as many as it takes. Default: 10. */
  readonly maxAttempts?: number
}

/** A batch that is about to be sent again. */
export interface FailedAttempt {
  /** The number of the further attempt that comes next; 1 is the first. */
  readonly attempt: number
  readonly delayMs: number
  /** Why the last one failed. */
  readonly error: unknown
  readonly events: readonly GeneratedEvent[]
}

/** Checks the options and fills in the defaults. */
export function retryOptions({
  initialMs = 100,
  maxMs = 10_000,
  maxAttempts = 10,
}: RetryOptions): Required<RetryOptions> {
  return {
    initialMs: whole('retry.initialMs', initialMs, 0, 3_600_000),
    maxMs: whole('retry.maxMs', maxMs, 0, 3_600_000),
    maxAttempts: wholeOrEndless('retry.maxAttempts', maxAttempts, 1_000_000),
  }
}

interface Delivery {
  readonly sink: Sink
  readonly clock: Clock
  readonly retry: Required<RetryOptions>
  readonly signal?: AbortSignal | undefined
  readonly onRetry: (attempt: FailedAttempt) => void
  /** The events that have arrived before this batch. */
  readonly sent: number
}

/**
 * Sends one batch until the sink has taken it. An abort ends the waiting, not the batch: it gets one more attempt.
 * Rejects with an `EventsError` that says what is not known to have arrived.
 */
export async function deliver(batch: readonly GeneratedEvent[], delivery: Delivery): Promise<void> {
  const { sink, clock, retry, signal, onRetry } = delivery
  if (batch.length === 0) return
  for (let attempts = 1; ; attempts++) {
    const last = attempts > retry.maxAttempts || signal?.aborted === true
    try {
      return await sink.send(batch)
    } catch (error) {
      if (last || !isRetryable(error)) {
        const { stream = '', index = 0 } = batch[0] ?? {}
        throw gaveUp(error, { attempts, sent: delivery.sent, unsent: batch.length, stream, index })
      }
      const delayMs = Math.min(retry.maxMs, retry.initialMs * 2 ** Math.min(attempts - 1, 30))
      onRetry({ attempt: attempts, delayMs, error, events: batch })
      // A destination needs the same time to come back, however fast the scenario passes.
      await clock.sleep(delayMs * (clock.speed ?? 1), signal)
    }
  }
}
