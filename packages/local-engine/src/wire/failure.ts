/** What an ErrorResponse says. A value, not an exception: it travels between threads and to clients. */
export interface Failure {
  readonly severity: 'ERROR' | 'FATAL'
  /** SQLSTATE, five characters. */
  readonly code: string
  readonly message: string
  readonly detail?: string
  readonly hint?: string
  /** Where in the statement, in characters from 1. */
  readonly position?: number
}

export function failure(code: string, message: string, more: Partial<Failure> = {}): Failure {
  return { severity: 'ERROR', code, message, ...more }
}

/** A syntax error at a zero-based offset of the statement's text. */
export function syntaxError(message: string, offset: number): Failure {
  return failure('42601', message, { position: offset + 1 })
}

export const canceled: Failure = failure('57014', 'canceling statement due to user request')
