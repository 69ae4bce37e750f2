import { TailError } from '../errors.js'
import type { Run } from '../log/run.js'
import type { Steps } from '../steps.js'
import type { OnHistoryLost } from '../types/options.js'
import { bytesOf, type RawBatch } from './batches.js'
import { consolidate } from './consolidate.js'
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
  /** What the snapshot of a new connection and what followed it come to, until they reach the frontier. */
  #catchingUp: HeldRows | undefined
  #isLate: () => boolean = () => true

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

  /**
   * A new connection begins, with a snapshot or where the last one ended; what an earlier one had not caught up with is void.
   * `isLate`: whether a server that is far behind should have caught up by now. Default: it should at once.
   */
  connected(beginsWithSnapshot: boolean, isLate: () => boolean = () => true): void {
    const startsOver = beginsWithSnapshot && this.#frontier !== undefined
    this.#catchingUp = startsOver ? new HeldRows(this.#maxHeldRows) : undefined
    this.#isLate = isLate
  }

  /** The batch to yield; undefined while a new snapshot has not caught up. */
  *deliver(batch: RawBatch): Steps<RawBatch | undefined> {
    const frontier = this.#frontier
    if (this.#catchingUp && frontier !== undefined)
      return yield* this.#restate(batch, this.#catchingUp, frontier)
    const runs = yield* this.#take(batch)
    this.#frontier = batch.upper
    const kind = batch.kind !== 'snapshot' && runs.length === 0 ? 'progress' : batch.kind
    return { kind, runs, lower: frontier ?? batch.lower, upper: batch.upper, bytes: batch.bytes }
  }

  /** The batch's runs, consolidated and held. */
  *#take({ runs }: RawBatch): Steps<readonly Run[]> {
    const [first] = runs
    // Rows that are held tell for free what consolidating needs a table for.
    if (this.#held?.size === 0 && first && runs.length === 1) {
      yield* this.#held.apply(runs)
      if (this.#held.size === first.count) return runs
      return [yield* this.#held.entries(first.timestamp)].filter(isFilled)
    }
    const consolidated = yield* consolidate(runs)
    if (this.#held) yield* this.#held.apply(consolidated)
    return consolidated
  }

  *#restate(batch: RawBatch, next: HeldRows, frontier: bigint): Steps<RawBatch | undefined> {
    yield* next.apply(batch.runs)
    if (batch.upper < frontier - maxStepBack && this.#isLate())
      throw new TailError(
        'TIME_WENT_BACK',
        `The server is at timestamp ${batch.upper}, far below the frontier ${frontier} that was reached. Is it another server, or a restored backup?`,
      )
    if (batch.upper < frontier) return undefined
    this.#catchingUp = undefined
    this.#frontier = batch.upper
    const kind = this.#held ? 'reconciled' : 'snapshot'
    const timestamp = batch.upper - 1n
    const net = this.#held ? this.#held.reconcile(next, timestamp) : next.entries(timestamp)
    const runs = [yield* net].filter(isFilled)
    return { kind, runs, lower: frontier, upper: batch.upper, bytes: bytesOf(runs) }
  }
}

function isFilled({ count }: Run): boolean {
  return count > 0
}
