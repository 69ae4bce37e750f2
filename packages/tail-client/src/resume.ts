import { TailError, type TailErrorCode } from './errors.js'
import type { RetryOptions } from './types.js'

/** What a backoff needs to know: milliseconds, all positive. */
export interface Backoff {
  readonly initialMs: number
  readonly minMs: number
  readonly maxMs: number
}

/** Where nothing is said; the shortest delay is a part of the first mark. */
export const defaultBackoff: {
  readonly initialMs: number
  readonly minPart: number
  readonly maxMs: number
} = {
  initialMs: 250,
  minPart: 1 / 5,
  maxMs: 30_000,
}

/** Who says that it is busy or going down is given more time than who is merely gone. */
const slow: ReadonlySet<TailErrorCode> = new Set([
  'SERVER_SHUTDOWN',
  'SERVER_BUSY',
  'FELL_BEHIND',
  'RESULT_TOO_LARGE',
  'DATAFLOW_ERROR',
  'RELATION_DROPPED',
])
const slowFactor = 4

/**
 * The delay before the given attempt (1 is the first retry): anything from `minMs` to a mark that doubles each time up to `maxMs`, so that
 * many clients do not come back at once. The mark begins at `initialMs`, or at four times that where the server asks for patience.
 */
export function delayMs(
  attempt: number,
  code: TailErrorCode,
  { initialMs, minMs, maxMs }: Backoff,
  random: () => number,
): number {
  const first = slow.has(code) ? initialMs * slowFactor : initialMs
  const mark = Math.min(maxMs, first * 2 ** Math.min(attempt - 1, 30))
  const floor = Math.min(minMs, mark)
  return floor + (mark - floor) * random()
}

/** What follows an error of a stream. */
export type Decision = 'retry' | 'fatal' | 'exhausted'

/**
 * Errors that normally come back, and how many attempts in a row they are worth. A dataflow fails until its data changes; a snapshot that is
 * too large stays so, a stream that has become so goes on where it was; a login that has expired is renewed once.
 */
const maxAttempts: Readonly<Partial<Record<TailErrorCode, number>>> = {
  DATAFLOW_ERROR: 3,
  RESULT_TOO_LARGE: 3,
  AUTH_FAILED: 1,
}

export interface Circumstances {
  readonly retry: RetryOptions | false
  readonly waitForRelation: boolean
  /** Failed attempts in a row, this one included; progress resets it. */
  readonly failures: number
  /** Milliseconds since the last progress. */
  readonly silentMs: number
}

/** Whether an error is tried again: by its code, by what the user asked for, and by how long it has been going on. */
export function decide(
  error: TailError,
  { retry, waitForRelation, failures, silentMs }: Circumstances,
): Decision {
  const unlimited = Number.POSITIVE_INFINITY
  if (retry === false) return 'fatal'
  if (error.code === 'RELATION_NOT_FOUND' ? !waitForRelation : !error.retryable) return 'fatal'
  if (failures > (maxAttempts[error.code] ?? unlimited)) return 'fatal'
  if (failures > (retry.maxAttempts ?? unlimited)) return 'exhausted'
  return silentMs >= (retry.giveUpAfterMs ?? unlimited) ? 'exhausted' : 'retry'
}

/** The error of a stream that is given up. */
export function exhausted(cause: TailError, attempts: number, silentMs: number): TailError {
  const seconds = Math.round(silentMs / 1000)
  return new TailError(
    'RETRIES_EXHAUSTED',
    `Given up after ${attempts} attempts in ${seconds} s. Last: ${cause.message}`,
    { cause },
  )
}
