import { TailError, type TailErrorCode } from './errors.js'
import type { Clock } from './types/clock.js'
import type { RetryOptions } from './types/retry.js'

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

/**
 * Errors that normally come back, and how many attempts in a row they are worth. A dataflow fails until its data changes; a snapshot that is
 * too large stays so, a stream that has become so goes on where it was; a relation is replaced between description and stream once, not
 * always; a stream whose source is at an end ends again; a login that has expired is renewed once.
 */
const maxAttempts: Readonly<Partial<Record<TailErrorCode, number>>> = {
  DATAFLOW_ERROR: 3,
  RESULT_TOO_LARGE: 3,
  SCHEMA_MISMATCH: 3,
  UNEXPECTED_END: 5,
  AUTH_FAILED: 1,
}

/** What whoever retries was told to do. */
export interface RetryPolicy {
  readonly retry: RetryOptions | false
  readonly backoff: Backoff
  readonly waitForRelation: boolean
  readonly clock: Clock
  readonly random: () => number
}

/** The failures of a stream in a row, which progress ends: whether another attempt follows, and when. */
export class Retries {
  readonly #policy: RetryPolicy
  #failures = 0
  /** The last of them with the same code. */
  #alike = 0
  #code: TailErrorCode | undefined
  #progressMs: number

  constructor(policy: RetryPolicy) {
    this.#policy = policy
    this.#progressMs = policy.clock.nowMs()
  }

  /** The number of the attempt that is being made; 1 is the first. */
  get attempt(): number {
    return this.#failures + 1
  }

  progressed(): void {
    this.#failures = 0
    this.#alike = 0
    this.#progressMs = this.#policy.clock.nowMs()
  }

  /** The next attempt after an error, and the delay before it. Throws the error if there is none, `RETRIES_EXHAUSTED` if the user's limits say so. */
  after(error: TailError): { readonly attempt: number; readonly delayMs: number } {
    const { retry, backoff, clock, random } = this.#policy
    if (retry === false || !this.isRetried(error)) throw error
    const unlimited = Number.POSITIVE_INFINITY
    this.#failures++
    this.#alike = error.code === this.#code ? this.#alike + 1 : 1
    this.#code = error.code
    if (error.retryable && this.#alike > (maxAttempts[error.code] ?? unlimited)) throw error
    const nowMs = clock.nowMs()
    const silentMs = nowMs - this.#progressMs
    const { maxAttempts: most = unlimited, giveUpAfterMs = unlimited, gate } = retry
    if (this.#failures > most || silentMs >= giveUpAfterMs) throw exhausted(error, this.#failures, silentMs)
    const wanted = delayMs(this.#failures, error.code, backoff, random)
    return { attempt: this.#failures, delayMs: gate ? gate.reserve(nowMs, wanted) : wanted }
  }

  /** Whether an error is one to try again after, how often and for how long aside. */
  isRetried({ code, retryable, sqlState }: TailError): boolean {
    const { retry, waitForRelation } = this.#policy
    // A relation that is made anew is granted anew, a moment later.
    const isMissing = code === 'RELATION_NOT_FOUND' || sqlState === insufficientPrivilege
    return retry !== false && (retryable || (isMissing && waitForRelation))
  }
}

const insufficientPrivilege = '42501'

/** The error of a stream that is given up. */
function exhausted(cause: TailError, attempts: number, silentMs: number): TailError {
  const seconds = Math.round(silentMs / 1000)
  return new TailError(
    'RETRIES_EXHAUSTED',
    `Given up after ${attempts} attempts in ${seconds} s. Last: ${cause.message}`,
    { cause },
  )
}
