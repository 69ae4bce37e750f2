import type { TailError } from './errors.js'
import type { RetryOptions } from './types.js'

/** What a backoff needs to know: milliseconds, all positive. */
export type Backoff = Required<Omit<RetryOptions, 'giveUpAfterMs'>>

export const defaultBackoff: Backoff = { initialMs: 250, maxMs: 30_000 }

/**
 * The delay before the given attempt (1 is the first retry): doubled each time up to `maxMs`, then a random share between half
 * of it and all of it, so that many clients do not come back at once.
 */
export function delayMs(attempt: number, { initialMs, maxMs }: Backoff, random: () => number): number {
  const full = Math.min(maxMs, initialMs * 2 ** Math.min(attempt - 1, 30))
  return full / 2 + (full / 2) * random()
}

/** What follows an error of a stream. */
export type Decision = 'retry' | 'fatal' | 'exhausted'

/** A dataflow error comes back until the data changes: it is not worth more than a few attempts in a row. */
const maxDataflowAttempts = 3

export interface Circumstances {
  readonly retry: RetryOptions | false
  readonly waitForRelation: boolean
  /** Failed attempts in a row, this one included; progress resets it. */
  readonly failures: number
  /** Milliseconds since something was last received. */
  readonly silentMs: number
}

/** Whether an error is tried again: by its code, by what the user asked for, and by how long it has been going on. */
export function decide(
  error: TailError,
  { retry, waitForRelation, failures, silentMs }: Circumstances,
): Decision {
  if (retry === false) return 'fatal'
  if (error.code === 'RELATION_NOT_FOUND' ? !waitForRelation : !error.retryable) return 'fatal'
  if (error.code === 'DATAFLOW_ERROR' && failures > maxDataflowAttempts) return 'fatal'
  return silentMs >= (retry.giveUpAfterMs ?? Number.POSITIVE_INFINITY) ? 'exhausted' : 'retry'
}
