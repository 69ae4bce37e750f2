import type { BridgeError } from '../errors.js'
import type { Many } from './pile.js'
import type { Series } from './series.js'
import type { SkipReason } from './value.js'

/** What a batch does to the series of a view: the difference between before and after, nothing in between. */
export interface Delta {
  readonly added: Many<Series>
  readonly removed: Many<Series>
  /** Series whose value is another one. */
  readonly changed: Many<Series>
  /** Series that have rows again, and that have none any more: what is added and removed, unless removed series are kept at 0. */
  readonly appeared: Many<Series>
  readonly gone: Many<Series>
  /** Whether the contents were stated rather than changed: what is added was there before anybody looked. */
  readonly isSnapshot: boolean
  /** Milliseconds since 1970 of the batch's last update, by the server's clock; of its frontier if it has none. */
  readonly atMs: number
  /** Why nothing of the batch may be seen: it would break a policy of the view. What it did is part of the next delta without one. */
  readonly blocked: BridgeError | undefined
  /** What is so after the batch. */
  readonly counts: StoreCounts
}

/** What the store has counted. Totals only grow; the others are what is so now. */
export interface StoreCounts {
  readonly rows: number
  readonly series: number
  /** Series among them that have no rows and are kept at 0. */
  readonly zeros: number
  readonly collisions: number
  readonly negativeRows: number
  readonly batchesTotal: number
  /** Diffs that were positive, and that were negative. */
  readonly insertsTotal: number
  readonly deletesTotal: number
  readonly skippedTotal: Readonly<Record<SkipReason, number>>
}
