const networkCodes: ReadonlySet<unknown> = new Set([
  'ECONNREFUSED',
  'ECONNRESET',
  'ECONNABORTED',
  'ETIMEDOUT',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'ENOTFOUND',
  'EAI_AGAIN',
  'EPIPE',
  // Platformatic's client; of an answer that did not come in time it says by `canRetry` that it cannot pass.
  'PLT_KFK_NETWORK',
  'PLT_KFK_TIMEOUT',
])

/**
 * Whether an error says of itself that it may go away: `retryable` (ours), `retriable` or `canRetry` (Kafka's
 * clients), or a network code. Several errors in one may go away if each of them may.
 */
export function isRetryable(error: unknown): boolean {
  if (typeof error !== 'object' || error === null) return false
  if ('retryable' in error) return error.retryable === true
  if ('retriable' in error) return error.retriable === true
  if ('code' in error && networkCodes.has(error.code)) return true
  if ('canRetry' in error) return error.canRetry === true
  return error instanceof AggregateError && error.errors.length > 0 && error.errors.every(isRetryable)
}
