import { isRetryable } from './retryable.js'

/** What an `EventsError` can be about. Stable: a code never changes its meaning. */
export const eventsErrorCodes = ['INVALID_OPTION', 'SINK_FAILED', 'SINK_CLOSED', 'SINK_BUSY'] as const

/** One of `eventsErrorCodes`. */
export type EventsErrorCode = (typeof eventsErrorCodes)[number]

const brand = Symbol.for('@mzalert/faker-events/error')

interface EventsErrorOptions {
  readonly retryable?: boolean
  readonly cause?: unknown
  readonly details?: Readonly<Record<string, unknown>>
}

/** The one error of this package. `message` is `[CODE] what happened, with the values. What to do.` */
export class EventsError extends Error {
  override readonly name = 'EventsError'
  readonly code: EventsErrorCode
  /** Whether the same call may succeed later. */
  readonly retryable: boolean
  /** The values of the message, by name. Never a password. */
  readonly details: Readonly<Record<string, unknown>>

  constructor(code: EventsErrorCode, sentence: string, options: EventsErrorOptions = {}) {
    super(`[${code}] ${sentence}`, options.cause === undefined ? undefined : { cause: options.cause })
    this.code = code
    this.retryable = options.retryable ?? false
    this.details = options.details ?? {}
    Object.defineProperty(this, brand, { value: true })
  }

  /** Whether `error` is an `EventsError`, also one of another copy or format of this package. */
  static is(error: unknown): error is EventsError {
    return typeof error === 'object' && error !== null && brand in error
  }
}

/** `range` completes the sentence "It takes …". */
export function invalidOption(name: string, value: unknown, range: string): EventsError {
  return new EventsError('INVALID_OPTION', `${name} is ${shown(value)}. It takes ${range}.`, {
    details: { name, value, range },
  })
}

/** For an option that nobody would read. */
export function unknownOption(name: string, known: readonly string[]): EventsError {
  const range = `one of ${known.join(', ')}`
  return new EventsError('INVALID_OPTION', `There is no option ${shown(name)}. Use ${range}.`, {
    details: { name, range },
  })
}

/** For what cannot be repeated in a message, since it may hold a password. */
export function invalidConnection(name: string, range: string): EventsError {
  return new EventsError('INVALID_OPTION', `${name} is not understood. It takes ${range}.`, {
    details: { name, range },
  })
}

/** For a destination that refused events, or was not reached. */
export function sinkFailed(sink: string, cause: unknown, retryable: boolean): EventsError {
  const advice = retryable ? 'This may pass: try again.' : 'Trying again will not help.'
  return new EventsError('SINK_FAILED', `${sink}: ${sentence(reasonOf(cause))} ${advice}`, {
    retryable,
    cause,
    details: { sink },
  })
}

/** For a sink that takes no more events; `cause` where its reader is gone. */
export function sinkClosed(sink: string, cause?: unknown): EventsError {
  const why = cause === undefined ? 'it was closed' : `its reader is gone (${reasonOf(cause)})`
  return new EventsError('SINK_CLOSED', `${sink} takes no more events: ${why}. Make a new one.`, {
    cause,
    details: { sink },
  })
}

/** For a send that does not wait for the one before. */
export function sinkBusy(sink: string): EventsError {
  return new EventsError(
    'SINK_BUSY',
    `${sink} is still sending. Await each send before the next, or order is lost.`,
    {
      details: { sink },
    },
  )
}

/** What `run` throws when it stops sending: the first event that is not known to have arrived is in `details`. */
export function gaveUp(
  cause: unknown,
  details: {
    readonly attempts: number
    readonly sent: number
    readonly unsent: number
    readonly stream: string
    readonly index: number
  },
): EventsError {
  const code = EventsError.is(cause) ? cause.code : 'SINK_FAILED'
  const reason = sentence(reasonOf(cause).replace(`[${code}] `, ''))
  const times = details.attempts === 1 ? 'once' : `${details.attempts} times`
  return new EventsError(
    code,
    `Tried ${times} to send ${details.unsent} events from ${details.stream} ${details.index} on; ` +
      `the ${details.sent} before them have arrived. ${reason}`,
    { retryable: isRetryable(cause), cause, details },
  )
}

/** An error in words; an AggregateError of Node's sockets has no message of its own. */
export function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error)
  if (error.message !== '') return error.message
  if (error instanceof AggregateError && error.errors.length > 0) return reasonOf(error.errors[0])
  return 'code' in error ? String(error.code) : error.name
}

function sentence(text: string): string {
  return /[.!?]$/.test(text) ? text : `${text}.`
}

function shown(value: unknown): string {
  if (typeof value === 'string') return JSON.stringify(value)
  return typeof value === 'object' && value !== null ? 'an object' : String(value)
}
