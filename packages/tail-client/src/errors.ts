/** What a `TailError` can be about. Stable: a code never changes its meaning. */
export const tailErrorCodes = [
  'INVALID_OPTION',
  'CONNECT_TIMEOUT',
  'CONNECTION_LOST',
  'CONNECTION_REFUSED',
  'AUTH_FAILED',
  'TLS_FAILED',
  'SQL_ERROR',
  'RELATION_NOT_FOUND',
  'RELATION_DROPPED',
  'SERVER_BUSY',
  'SERVER_SHUTDOWN',
  'CANCELED',
  'HISTORY_LOST',
  'FELL_BEHIND',
  'RESULT_TOO_LARGE',
  'DATAFLOW_ERROR',
  'UNEXPECTED_END',
  'COUNT_MISMATCH',
  'PROGRESS_TIMEOUT',
  'SNAPSHOT_TIMEOUT',
  'ROW_TOO_LARGE',
  'BATCH_TOO_LARGE',
  'TOO_MANY_ROWS',
  'BUFFER_OVERFLOW',
  'CONSUMER_STALLED',
  'PROTOCOL',
  'DECODE',
  'DUPLICATE_COLUMN',
  'SCHEMA_MISMATCH',
  'ROW_INVALID',
  'TIME_WENT_BACK',
  'NEGATIVE_MULTIPLICITY',
  'KEY_VIOLATION',
  'RETRIES_EXHAUSTED',
  'ALREADY_ITERATING',
  'COMMIT_REFUSED',
  'CHECKPOINT_CORRUPT',
  'UNSUPPORTED',
] as const

/** What an error is about: one of the codes of the table in the README. */
export type TailErrorCode = (typeof tailErrorCodes)[number]

/** What a `TailError` may carry besides its code and message. */
export interface TailErrorDetails {
  /** Whether `tail()` tries again by itself after this error. */
  readonly retryable?: boolean
  readonly cause?: unknown
  /** The server's SQLSTATE, and its own words. */
  readonly sqlState?: string
  readonly detail?: string
  readonly hint?: string
  readonly position?: number
}

const brand = Symbol.for('@mzalert/tail-client/error')

/**
 * The one error of this package. `message` is `[CODE] what happened, with the values. What to do.`
 * Never contains a password or a connection string.
 */
export class TailError extends Error {
  override readonly name = 'TailError'
  readonly code: TailErrorCode
  readonly retryable: boolean
  readonly sqlState: string | undefined
  readonly detail: string | undefined
  readonly hint: string | undefined
  readonly position: number | undefined

  constructor(code: TailErrorCode, sentence: string, details: TailErrorDetails = {}) {
    super(`[${code}] ${sentence}`, details.cause === undefined ? undefined : { cause: details.cause })
    // Shared by every copy of this package, and unseen when an error is printed.
    Object.defineProperty(this, brand, { value: true })
    this.code = code
    this.retryable = details.retryable ?? false
    this.sqlState = details.sqlState
    this.detail = details.detail
    this.hint = details.hint
    this.position = details.position
  }

  /** Whether `error` is a `TailError`, also one of another copy or format of this package. */
  static is(error: unknown): error is TailError {
    return typeof error === 'object' && error !== null && brand in error
  }
}

/** The beginning of a text that may be long, as a message shows it. */
export function excerpt(text: string, most = 80): string {
  return text.length > most ? `${text.slice(0, most)}…` : text
}

/** A row as a message shows it. */
export function shownRow(row: unknown): string {
  const text = JSON.stringify(row, (_, value: unknown) => (typeof value === 'bigint' ? String(value) : value))
  return excerpt(text, 200)
}

/** An option that cannot be used: says which, the value, and what would do. */
export function invalidOption(name: string, value: unknown, wanted: string): TailError {
  const shown = typeof value === 'string' || typeof value === 'number' ? JSON.stringify(value) : String(value)
  return new TailError('INVALID_OPTION', `${name} is ${shown}. It takes ${wanted}.`)
}
