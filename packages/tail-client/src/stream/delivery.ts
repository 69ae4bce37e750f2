import { TailError } from '../errors.js'
import type { RawBatch } from './batches.js'
import type { RawUpdate } from './consolidate.js'
import { HeldRows } from './held.js'

/** A server may lag behind what it had said before a restart; beyond this it is another server, or a restored backup. */
const maxStepBack = 60_000n

/**
 * What the consumer has been given, across connections. A stream that resumes goes on; one that had to begin anew with a
 * snapshot is turned into the net difference, once it has caught up with what was given before.
 */
export class Delivery {
  readonly #held: HeldRows | undefined
  #frontier: bigint | undefined
  /** The snapshot of a new connection, and what followed it, until they reach the frontier. */
  #catchingUp: RawUpdate[] | undefined

  constructor(hold: boolean, maxHeldRows: number) {
    this.#held = hold ? new HeldRows(maxHeldRows) : undefined
  }

  /** Everything below it has been given; undefined before the first batch. */
  get frontier(): bigint | undefined {
    return this.#frontier
  }

  /** Whether a snapshot can be compared with what was given. */
  get canReconcile(): boolean {
    return this.#held !== undefined
  }

  /** A new connection begins with a snapshot. */
  beginSnapshot(): void {
    this.#catchingUp = this.#frontier === undefined ? undefined : []
  }

  /** The batch to yield; undefined while a new snapshot has not caught up. */
  deliver(batch: RawBatch): RawBatch | undefined {
    const frontier = this.#frontier
    if (this.#catchingUp && frontier !== undefined) return this.#reconcile(batch, this.#catchingUp, frontier)
    this.#held?.apply(batch.updates)
    this.#frontier = batch.upper
    return frontier === undefined ? batch : { ...batch, lower: frontier }
  }

  #reconcile(batch: RawBatch, pending: RawUpdate[], frontier: bigint): RawBatch | undefined {
    for (const update of batch.updates) pending.push(update)
    if (batch.upper < frontier - maxStepBack)
      throw new TailError(
        'TIME_WENT_BACK',
        `The server is at timestamp ${batch.upper}, far below the frontier ${frontier} that was reached. Is it another server, or a restored backup?`,
      )
    if (batch.upper < frontier) return undefined
    this.#catchingUp = undefined
    this.#frontier = batch.upper
    const updates = this.#held?.reconcile(pending, batch.upper - 1n) ?? pending
    const bytes = updates.reduce((sum, { raw }) => sum + raw.length, 0)
    return { kind: 'reconciled', updates, lower: frontier, upper: batch.upper, bytes }
  }
}
