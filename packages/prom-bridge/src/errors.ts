/** What a `BridgeError` can be about. Stable: a code never changes its meaning. */
export const bridgeErrorCodes = [
  'INVALID_OPTION',
  'INVALID_NAME',
  'NAME_TAKEN',
  'UNKNOWN_COLUMN',
  'SERIES_COLLISION',
  'SERIES_LIMIT',
  'STREAM_FAILED',
  'CLOSED',
] as const

/** What an error is about: one of the codes of the table in the README. */
export type BridgeErrorCode = (typeof bridgeErrorCodes)[number]

const brand = Symbol.for('@mzalert/prom-bridge/error')

/** The one error of this package. `message` is `[CODE] what happened, with the values. What to do.` */
export class BridgeError extends Error {
  override readonly name = 'BridgeError'
  readonly code: BridgeErrorCode
  /** Always false: what can be tried again is tried again before anybody hears of it. */
  readonly retryable: boolean

  constructor(code: BridgeErrorCode, sentence: string, cause?: unknown) {
    super(`[${code}] ${sentence}`, cause === undefined ? undefined : { cause })
    this.code = code
    this.retryable = false
    Object.defineProperty(this, brand, { value: true })
  }

  /** Whether `error` is a `BridgeError`, also one of another copy or format of this package. */
  static is(error: unknown): error is BridgeError {
    return typeof error === 'object' && error !== null && brand in error
  }
}

export function invalidOption(name: string, value: unknown, wanted: string): BridgeError {
  return new BridgeError('INVALID_OPTION', `${name} is ${shown(value)}. It takes ${wanted}.`)
}

export function invalidName(what: string, name: string, rule: string): BridgeError {
  return new BridgeError('INVALID_NAME', `${what} cannot be called ${shown(name)}. ${rule}`)
}

export function nameTaken(name: string, by: string, advice: string): BridgeError {
  return new BridgeError('NAME_TAKEN', `The name ${shown(name)} is taken by ${by}. ${advice}`)
}

export function unknownColumn(view: string, column: string, columns: readonly string[]): BridgeError {
  const there = columns.length > 0 ? columns.map(shown).join(', ') : 'none'
  return new BridgeError(
    'UNKNOWN_COLUMN',
    `View ${shown(view)} has no column ${shown(column)}. Its columns are: ${there}. Name one of them.`,
  )
}

export function seriesCollision(view: string, labels: string, rows: readonly string[]): BridgeError {
  return new BridgeError(
    'SERIES_COLLISION',
    `Rows of view ${shown(view)} share the series ${labels}: ${rows.map(shown).join(' and ')}. Add a label, or choose how they are settled.`,
  )
}

export function seriesLimit(view: string, series: number, limit: number): BridgeError {
  return new BridgeError(
    'SERIES_LIMIT',
    `View ${shown(view)} makes ${series} series, and ${limit} are allowed. Aggregate in SQL, raise maxSeries, or choose what is dropped.`,
  )
}

export function streamFailed(view: string, cause: unknown): BridgeError {
  const reason = cause instanceof Error ? cause.message : String(cause)
  return new BridgeError(
    'STREAM_FAILED',
    `The stream of view ${shown(view)} is over: ${reason} Its series stay as they are.`,
    cause,
  )
}

/** `what` the stream did instead of beginning with a snapshot. */
export function noSnapshot(view: string, what: string): BridgeError {
  return new BridgeError(
    'STREAM_FAILED',
    `The stream of view ${shown(view)} ${what}; it must begin with a snapshot. Check its source.`,
  )
}

export function closed(): BridgeError {
  return new BridgeError(
    'CLOSED',
    'The bridge was closed before every view had its first snapshot. Start a new one.',
  )
}

function shown(value: unknown): string {
  if (typeof value === 'bigint' || typeof value === 'function') return String(value)
  try {
    return JSON.stringify(value) ?? String(value)
  } catch {
    return String(value)
  }
}
