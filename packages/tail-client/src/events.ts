import type { TailError } from './errors.js'
import type { ServerFields } from './failures.js'
import type { KeyViolation } from './stream/changes.js'
import type { Column } from './types/connection.js'

/** What a `Tail` tells besides its data. Nobody needs to listen; nothing here can end a process. */
export interface TailEvents {
  /** The statement was accepted; rows follow. */
  connected: (event: { readonly columns: readonly Column[]; readonly attempt: number }) => void
  /** The contents are complete, and are given to the consumer next. */
  snapshot: (event: { readonly updates: number; readonly frontier: bigint }) => void
  /** A connection was lost or refused; the next attempt comes after `delayMs`. */
  retry: (event: { readonly error: TailError; readonly attempt: number; readonly delayMs: number }) => void
  /**
   * The connection was lost: what was given stays right as of the frontier, and gets older. Told once a loss, at once: batches that came
   * before it may follow.
   */
  stale: (event: { readonly error: TailError; readonly frontier: bigint }) => void
  /** After a loss, the contents were compared with what had been delivered. */
  reconciled: (event: { readonly updates: number; readonly frontier: bigint }) => void
  /** The server says something that is not an error. */
  notice: (event: ServerFields) => void
  /** The schema refused a row, which was left out (`onInvalidRow: 'skip'`). */
  invalidRow: (error: TailError) => void
  /** A key has more than one row (`onKeyViolation: 'report'`). */
  keyViolation: (event: KeyViolation<unknown>) => void
  /** The stream has ended: by itself, by the consumer, or by the error that the consumer is given too. Told once, as the last. */
  end: (event: { readonly error: unknown }) => void
}
