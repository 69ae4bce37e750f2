import type { RetryOptions } from '../types.js'

export type Backoff = Required<RetryOptions>

export const defaultBackoff: Backoff = { initialMs: 500, maxMs: 60_000 }

/**
 * How long to wait after so many failures in a row: a random share of a delay that doubles up to `maxMs`, so that many clients do not come
 * back at once; on top of what the other side asked for, if it did.
 */
export function backoffMs(
  failures: number,
  retryAfterMs: number | undefined,
  { initialMs, maxMs }: Backoff,
  random: () => number,
): number {
  if (retryAfterMs !== undefined) return retryAfterMs + random() * initialMs
  return random() * Math.min(maxMs, initialMs * 2 ** Math.min(failures - 1, 30))
}
