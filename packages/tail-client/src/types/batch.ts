import type { Update } from './update.js'

/**
 * What a batch says:
 *
 * - `snapshot`: the updates that state the contents; the first batch, and with `onHistoryLost: 'refetch'` also a later one, which
 *   voids what came before.
 * - `changes`: what happened in `[lower, upper)`; ordered by timestamp, one update per (timestamp, row).
 * - `progress`: nothing happened; only the frontier moved.
 * - `reconciled`: after a loss of connection, the net difference between what was delivered and the contents now;
 *   its updates carry the last timestamp of the span.
 * - `merged`: what several batches came to that the consumer was too slow to take one by one (`whenFull: 'consolidate'`); its updates
 *   carry the last timestamp of the span.
 */
export type BatchKind = 'snapshot' | 'changes' | 'progress' | 'reconciled' | 'merged'

/** All updates with `lower <= timestamp < upper`: complete, because the server's frontier has reached `upper`. */
export interface Batch<Row> {
  readonly kind: BatchKind
  readonly updates: readonly Update<Row>[]
  readonly lower: bigint
  readonly upper: bigint
  /** Where the batch is one of several that make up a whole, which is complete with the last; only for who asked for parts. */
  readonly part?: BatchPart | undefined
}

/** The place of a part in its batch; `index` counts from 0. */
export interface BatchPart {
  readonly index: number
  readonly isLast: boolean
}

/** A batch of `tail().batches()`: one can go on after it in another process. */
export interface ResumableBatch<Row> extends Batch<Row> {
  /** Where the stream is after this batch, as one string; another process resumes there with `from`. Only the last of parts has one. */
  readonly token: string
  /**
   * Saves the token in the `checkpoint` of the options, after the batch has been processed. `COMMIT_REFUSED` without a checkpoint,
   * for a batch that is older than one that was committed, and for a part that is not the last.
   */
  commit(): Promise<void>
}

/** How `batches()` gives batches. */
export interface BatchesOptions {
  /**
   * A batch of more rows comes in parts, of at least so many rows each but for the last: batches with the same `kind`, `lower` and
   * `upper`, and a `part`. Nothing else comes in between, and what is decoded at once stays small. Default: every batch is whole.
   */
  readonly partRows?: number
}
