import type { CheckpointStore } from './checkpoint.js'
import type { Clock } from './clock.js'
import type { Connection, Generation } from './connection.js'
import type { RetryOptions } from './retry.js'
import type { OnInvalidRow, StandardSchema } from './schema.js'
import type { ValueOptions } from './values.js'

/**
 * What happens when a server no longer has the changes since the frontier:
 *
 * - `reconcile`: a new snapshot is compared with what was delivered, and only the net difference comes. Holds every distinct row.
 * - `refetch`: the new snapshot comes as a batch of kind `snapshot`, which voids what came before. Holds nothing. For `.batches()`
 *   and `.collection()` only, since single updates and changes cannot say that what came before is void.
 * - `fail`: the iteration ends with `HISTORY_LOST`.
 */
export type OnHistoryLost = 'reconcile' | 'refetch' | 'fail'

/**
 * What happens when a consumer is too slow for its stream:
 *
 * - `pause`: the socket is not read until half of what waits has been taken; the server waits, or drops the connection.
 * - `consolidate`: batches that wait are merged into one, of kind `merged`, so that no more waits than the rows that differ; paused
 *   only if that is still too much.
 * - `fail`: the iteration ends with `BUFFER_OVERFLOW`.
 */
export type WhenFull = 'pause' | 'consolidate' | 'fail'

/**
 * How the server shapes changes by key (current servers only). It pairs what goes and what comes at a timestamp, and is `KEY_VIOLATION`
 * where that is more than one row of a key:
 *
 * - `upsert`: a change is one row, and not two. A second row of a key that comes at a later timestamp takes the place of the first, and
 *   nobody notices. After every loss the server is asked for the contents, since what was before is not in what it sends.
 * - `debezium`: a change has the row before and after. It is resumed as any other stream, and a second row of a key is found.
 */
export type Envelope = 'upsert' | 'debezium'

/** What `tail()` takes; only `connection` is required. */
export interface TailOptions<Schema extends StandardSchema = StandardSchema> extends ValueOptions {
  readonly connection: Connection
  /** Ends the iteration by throwing `signal.reason`. */
  readonly signal?: AbortSignal
  /** Every row goes through it, and is what it makes of it. It must answer at once, and the same for the same row. */
  readonly schema?: Schema
  /** Default: `throw`. */
  readonly onInvalidRow?: OnInvalidRow
  /** `camelCase`: the properties of rows are the columns' names in camelCase, for `schema` and `parse` too. Default: `asIs`. */
  readonly columnNames?: 'asIs' | 'camelCase'
  /** Whether the contents come first. Default: true. */
  readonly snapshot?: boolean
  /**
   * Resumes after the batch whose `token` this is: what happened since comes first, no snapshot. If the server no longer has it, there is
   * nothing to reconcile with: `HISTORY_LOST`, or with `onHistoryLost: 'refetch'` a snapshot.
   */
  readonly from?: string
  /** Resumes from the token saved under a name, if there is one; `batch.commit()` saves there. */
  readonly checkpoint?: { readonly store: CheckpointStore; readonly name: string }
  /** Default: `reconcile`. */
  readonly onHistoryLost?: OnHistoryLost
  /**
   * Servers that speak TAIL (v0.26 and before) only: goes on by AS OF, as with current ones. Without it their history counts as lost with
   * every connection, since a restarted one takes any AS OF and leaves out what it has forgotten: updates are lost or come twice, and
   * no error says so. For who knows that the server was not restarted. Default: false.
   */
  readonly trustTailHistory?: boolean
  /** Begins with the contents as of this timestamp, which the server must have sent as a frontier or still hold. */
  readonly asOf?: bigint
  /** Begins at the earliest timestamp from this one on that the server still has. Current servers only. */
  readonly asOfAtLeast?: bigint
  /** Ends when everything before this timestamp has come. Current servers only. */
  readonly upTo?: bigint
  /** Which statement the server speaks. Default: by its version. */
  readonly generation?: Generation | 'auto'
  /** Longest time for connecting, TLS, login and description, in milliseconds. Default: 10 000. */
  readonly connectTimeoutMs?: number
  /** Once the snapshot is complete: no bytes for so long means the connection is dead. Default: 30 000. */
  readonly progressTimeoutMs?: number
  /** Longest time until the snapshot is complete, in milliseconds. Default: none (a server may hydrate for minutes). */
  readonly snapshotTimeoutMs?: number
  /** How many bytes of closed batches may wait for the consumer: their rows, and what is around them. Default: 8 MiB. */
  readonly maxBufferedBytes?: number
  /** What happens when more of them wait. Default: `pause`; for changes and collections, `consolidate`. */
  readonly whenFull?: WhenFull
  /**
   * A socket that has been paused while no batch was taken for so long is closed, to free the server. What waits can still be taken;
   * after it, the stream connects anew and goes on (`CONSUMER_STALLED` is its reason). Milliseconds. Default: 60 000.
   */
  readonly stallTimeoutMs?: number
  /** How many bytes of rows may wait for their timestamp to close, counted likewise; more is `BATCH_TOO_LARGE`. Default: 1 GiB. */
  readonly maxBatchBytes?: number
  /** A longer row is refused with `ROW_TOO_LARGE`. Default: 64 MiB. */
  readonly maxRowBytes?: number
  /**
   * Distinct rows that may be held to reconcile after a loss; more is refused with `TOO_MANY_ROWS`. Each takes its text and about 40
   * bytes, outside of the JavaScript heap, and twice that while a new snapshot is compared. Default: 10 million.
   */
  readonly maxHeldRows?: number
  /** `false`: the first loss ends the iteration with its error. Default: retried for ever. */
  readonly retry?: RetryOptions | false
  /** An unknown relation is retried, and one that may not be read yet, for a stack that still boots. Default: false. */
  readonly waitForRelation?: boolean
  readonly clock?: Clock
  /** Numbers in `[0, 1)`, for jitter. Default: `Math.random`. */
  readonly random?: () => number
}
