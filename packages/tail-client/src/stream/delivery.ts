import { TailError } from '../errors.js'
import type { OnHistoryLost } from '../types.js'
import type { RawBatch } from './batches.js'
import { consolidate, type RawUpdate } from './consolidate.js'
import { HeldRows } from './held.js'

/** A server may lag behind what it had said before a restart; beyond this it is another server, or a restored backup. */
const maxStepBack = 60_000n

/**
 * What the consumer has been given, across connections. A stream that resumes goes on. One that had to begin anew with a snapshot
 * is held back until it has caught up with what was given before; then it is turned into the net difference, or, where nothing is
 * held, given as a snapshot.
 */
export class Delivery {
  readonly #onHistoryLost: OnHistoryLost
  readonly #maxHeldRows: number
  #held: HeldRows | undefined
  #frontier: bigint | undefined
  /** The snapshot of a new connection, and what followed it, until they reach the frontier. */
  #catchingUp: RawUpdate[] | undefined

  /** `hold`: whether the first batch will be the contents, so that later ones can be compared with them. */
  constructor(onHistoryLost: OnHistoryLost, hold: boolean, maxHeldRows: number) {
    this.#onHistoryLost = onHistoryLost
    this.#maxHeldRows = maxHeldRows
    this.#held = hold && onHistoryLost === 'reconcile' ? new HeldRows(maxHeldRows) : undefined
  }

  /** Everything below it has been given; undefined before the first batch. */
  get frontier(): bigint | undefined {
    return this.#frontier
  }

  /** Another process was given everything below: nothing of it is held here. */
  resumeAfter(frontier: bigint): void {
    this.#frontier = frontier
    this.#held = undefined
  }

  /** Whether a new snapshot can follow what was given. */
  get canBeginAnew(): boolean {
    return this.#held !== undefined || this.#onHistoryLost === 'refetch'
  }

  /** A new connection begins, with a snapshot or where the last one ended; what an earlier one had not caught up with is void. */
  connected(beginsWithSnapshot: boolean): void {
    this.#catchingUp = beginsWithSnapshot && this.#frontier !== undefined ? [] : undefined
  }

  /** The batch to yield; undefined while a new snapshot has not caught up. */
  deliver(batch: RawBatch): RawBatch | undefined {
    const frontier = this.#frontier
    if (this.#catchingUp && frontier !== undefined) return this.#restate(batch, this.#catchingUp, frontier)
    this.#frontier = batch.upper
    const updates = this.#take(batch)
    const kind = batch.kind === 'changes' && updates.length === 0 ? 'progress' : batch.kind
    return { ...batch, kind, updates, lower: frontier ?? batch.lower }
  }

  /** The batch's updates, consolidated and held. */
  #take(batch: RawBatch): readonly RawUpdate[] {
    if (batch.kind === 'snapshot' && this.#held?.size === 0 && this.#held.begin(batch.updates))
      return batch.updates
    const updates = consolidate(batch.updates)
    this.#held?.apply(updates)
    return updates
  }

  #restate(batch: RawBatch, pending: RawUpdate[], frontier: bigint): RawBatch | undefined {
    for (const update of batch.updates) pending.push(update)
    if (batch.upper < frontier - maxStepBack)
      throw new TailError(
        'TIME_WENT_BACK',
        `The server is at timestamp ${batch.upper}, far below the frontier ${frontier} that was reached. Is it another server, or a restored backup?`,
      )
    if (batch.upper < frontier) return undefined
    this.#catchingUp = undefined
    this.#frontier = batch.upper
    const kind = this.#held ? 'reconciled' : 'snapshot'
    const held = this.#held ?? new HeldRows(this.#maxHeldRows)
    const updates = held.reconcile(pending, batch.upper - 1n)
    const bytes = updates.reduce((sum, { raw }) => sum + raw.length, 0)
    return { kind, updates, lower: frontier, upper: batch.upper, bytes }
  }
}
