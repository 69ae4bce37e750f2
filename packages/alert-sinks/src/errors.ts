/** What a `SinksError` can be about. Stable: a code never changes its meaning. */
export const sinksErrorCodes = [
  'INVALID_OPTION',
  'NAME_TAKEN',
  'UNKNOWN_COLUMN',
  'STREAM_FAILED',
  'SEND_FAILED',
  'SEND_REJECTED',
  'SEND_TIMEOUT',
  'QUEUE_FULL',
  'UNDELIVERED',
  'STATE_CORRUPT',
  'STATE_FAILED',
  'CLOSED',
] as const

/** What an error is about: one of the codes of the table in the README. */
export type SinksErrorCode = (typeof sinksErrorCodes)[number]

/** What a `SinksError` may carry besides its code and message. */
export interface SinksErrorDetails {
  /**
   * Whether the same may succeed later. Thrown by a sink: true keeps the alerts in the queue; false means that one of the alerts cannot be
   * sent as it is. Default: true for `SEND_FAILED` and `SEND_TIMEOUT`, else false.
   */
  readonly retryable?: boolean
  /** Not before so many milliseconds from now, as the other side asked. */
  readonly retryAfterMs?: number | undefined
  readonly cause?: unknown
}

const brand = Symbol.for('@mzalert/alert-sinks/error')

/**
 * The one error of this package. `message` is `[CODE] what happened, with the values. What to do.`
 * Never contains a webhook's address, a key or a token.
 */
export class SinksError extends Error {
  override readonly name = 'SinksError'
  readonly code: SinksErrorCode
  readonly retryable: boolean
  readonly retryAfterMs: number | undefined

  constructor(code: SinksErrorCode, sentence: string, details: SinksErrorDetails = {}) {
    super(`[${code}] ${sentence}`, details.cause === undefined ? undefined : { cause: details.cause })
    this.code = code
    this.retryable = details.retryable ?? (code === 'SEND_FAILED' || code === 'SEND_TIMEOUT')
    this.retryAfterMs = details.retryAfterMs
    Object.defineProperty(this, brand, { value: true })
  }

  /** Whether `error` is a `SinksError`, also one of another copy or format of this package. */
  static is(error: unknown): error is SinksError {
    return typeof error === 'object' && error !== null && brand in error
  }
}

export function invalidOption(name: string, value: unknown, wanted: string): SinksError {
  return new SinksError('INVALID_OPTION', `${name} is ${shown(value)}. It takes ${wanted}.`)
}

/** An option whose value is a secret: the message says what it takes, not what it was. */
export function invalidSecret(name: string, wanted: string): SinksError {
  return new SinksError(
    'INVALID_OPTION',
    `${name} cannot be used (its value is not shown). It takes ${wanted}.`,
  )
}

export function nameTaken(name: string, by: string, advice: string): SinksError {
  return new SinksError('NAME_TAKEN', `The name ${shown(name)} is taken by ${by}. ${advice}`)
}

export function unknownColumn(option: string, column: string, columns: readonly string[]): SinksError {
  const there = columns.length > 0 ? columns.map(shown).join(', ') : 'none'
  return new SinksError(
    'UNKNOWN_COLUMN',
    `${option} is filled by column ${shown(column)}, which the rows do not have. Their columns are: ${there}. Name one of them.`,
  )
}

export function streamFailed(name: string, cause: unknown): SinksError {
  return new SinksError(
    'STREAM_FAILED',
    `The stream of ${shown(name)} is over: ${reasonOf(cause)}. Its alerts stay as they are. Start anew.`,
    { cause },
  )
}

/** `what` the stream did instead of beginning with a snapshot. */
export function noSnapshot(name: string, what: string): SinksError {
  return new SinksError(
    'STREAM_FAILED',
    `The stream of ${shown(name)} ${what}; it must begin with a snapshot. Check its source: no from, no checkpoint, no snapshot: false.`,
  )
}

export function notClosed(name: string, ms: number): SinksError {
  return new SinksError(
    'STREAM_FAILED',
    `The source of ${shown(name)} did not close within ${Math.round(ms)} ms. Everything else is closed; see why it hangs.`,
  )
}

export function sendTimeout(sink: string, timeoutMs: number): SinksError {
  return new SinksError(
    'SEND_TIMEOUT',
    `Sink ${shown(sink)} did not answer for ${timeoutMs} ms. It is tried again.`,
  )
}

export function sendFailed(sentence: string, details: SinksErrorDetails = {}): SinksError {
  return new SinksError('SEND_FAILED', `${sentence} It is tried again.`, details)
}

export function sendRejected(sentence: string, cause?: unknown): SinksError {
  return new SinksError(
    'SEND_REJECTED',
    `${sentence} If others are taken, it is not sent again until it changes.`,
    {
      cause,
    },
  )
}

export function queueFull(sink: string, maxQueued: number): SinksError {
  return new SinksError(
    'QUEUE_FULL',
    `Sink ${shown(sink)} has ${maxQueued} alerts waiting, so that the one that waited longest was given up. Raise maxQueued, or repair the sink.`,
  )
}

export function undelivered(sink: string, alerts: number, isStored: boolean): SinksError {
  const advice = isStored ? 'They are stored, and sent when it starts again.' : 'Set store to keep them.'
  return new SinksError(
    'UNDELIVERED',
    `Sink ${shown(sink)} had ${alerts} alerts left when the time to close was over. ${advice}`,
  )
}

export function stateCorrupt(where: string, cause?: unknown): SinksError {
  return new SinksError('STATE_CORRUPT', `${where} is damaged. Remove it to start anew.`, { cause })
}

export function stateFailed(doing: string, cause: unknown): SinksError {
  return new SinksError('STATE_FAILED', `${doing} failed: ${reasonOf(cause)}.`, { retryable: true, cause })
}

export function closed(): SinksError {
  return new SinksError('CLOSED', 'It was closed before the first snapshot was there. Start a new one.')
}

/** What an error says, without the dot at its end. */
export function reasonOf(error: unknown): string {
  const reason = error instanceof Error ? error.message || error.name : String(error)
  return reason.replace(/\.$/, '')
}

function shown(value: unknown): string {
  if (typeof value === 'bigint' || typeof value === 'function') return String(value)
  try {
    return JSON.stringify(value) ?? String(value)
  } catch {
    return String(value)
  }
}
