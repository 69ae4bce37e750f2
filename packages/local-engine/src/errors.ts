/** What an `EngineError` can be about. Stable: a code never changes its meaning. */
export const engineErrorCodes = [
  'INVALID_OPTION',
  'PORT_BUSY',
  'START_FAILED',
  'SQL_FAILED',
  'CLOSED',
  'DIED',
] as const

/** What an error is about: one of the codes of the table in the README. */
export type EngineErrorCode = (typeof engineErrorCodes)[number]

/** What an `EngineError` may carry besides its code and message. */
export interface EngineErrorDetails {
  readonly cause?: unknown
  /** The SQLSTATE of a statement that failed. */
  readonly sqlState?: string
}

const brand = Symbol.for('@mzalert/local-engine/error')

/** The codes after which the same call may succeed, unchanged. */
const retryableCodes: readonly EngineErrorCode[] = ['PORT_BUSY', 'START_FAILED', 'DIED']

/** The one error of this package. `message` is `[CODE] what happened, with the values. What to do.` */
export class EngineError extends Error {
  override readonly name = 'EngineError'
  readonly code: EngineErrorCode
  /** Whether the same call may succeed later, unchanged. */
  readonly retryable: boolean
  /** The SQLSTATE of a statement that failed, else undefined. */
  readonly sqlState: string | undefined

  constructor(code: EngineErrorCode, sentence: string, details: EngineErrorDetails = {}) {
    super(`[${code}] ${sentence}`, 'cause' in details ? { cause: details.cause } : undefined)
    this.code = code
    this.retryable = retryableCodes.includes(code)
    this.sqlState = details.sqlState
    Object.defineProperty(this, brand, { value: true })
  }

  /** Whether `value` is an `EngineError`, of this copy of the package or of another. */
  static is(value: unknown): value is EngineError {
    return typeof value === 'object' && value !== null && brand in value
  }
}

export function invalidOption(name: string, value: unknown, want: string): EngineError {
  return new EngineError('INVALID_OPTION', `Option ${name} is ${show(value)}. Give ${want}.`)
}

export function portBusy(host: string, port: number, cause: unknown): EngineError {
  return new EngineError(
    'PORT_BUSY',
    `${host}:${port} is in use. Give another port, or 0 for any free one.`,
    {
      cause,
    },
  )
}

export function startFailed(reason: string, cause?: unknown): EngineError {
  return new EngineError('START_FAILED', `The engine did not start: ${reason}. See cause.`, { cause })
}

export function sqlFailed(message: string, sqlState: string): EngineError {
  return new EngineError(
    'SQL_FAILED',
    `${message} (SQLSTATE ${sqlState}). Correct the script; what it did not commit itself had no effect.`,
    {
      sqlState,
    },
  )
}

export function closed(): EngineError {
  return new EngineError('CLOSED', 'The engine is closed. Start another one.')
}

export function died(cause: unknown): EngineError {
  return new EngineError('DIED', `The engine's thread died: ${reasonOf(cause)}. Start another engine.`, {
    cause,
  })
}

/** The words of anything that was thrown. */
export function reasonOf(thrown: unknown): string {
  if (!(thrown instanceof Error)) return isPlain(thrown) ? wordsOf(thrown) : String(thrown)
  // A name with several addresses fails with the errors of all of them, and no message of its own.
  const [first] = thrown instanceof AggregateError ? thrown.errors : []
  return thrown.message !== '' || first === undefined ? thrown.message : reasonOf(first)
}

function isPlain(thrown: unknown): thrown is object {
  return typeof thrown === 'object' && thrown !== null
}

/** What PGlite's file system throws is an object with a name and a number. */
function wordsOf(thrown: object): string {
  return 'message' in thrown && typeof thrown.message === 'string' && thrown.message !== ''
    ? thrown.message
    : Object.entries(thrown)
        .filter(([, value]) => ['string', 'number', 'boolean'].includes(typeof value))
        .map(([name, value]) => `${name} ${value}`)
        .join(', ') || Object.prototype.toString.call(thrown)
}

function show(value: unknown): string {
  return typeof value === 'string' ? JSON.stringify(value) : String(value)
}
