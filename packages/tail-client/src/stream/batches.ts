import { TailError } from '../errors.js'
import { RowLog } from '../log/row-log.js'
import { Run } from '../log/run.js'
import { headerBytes } from '../log/segment.js'
import type { BatchKind } from '../types/batch.js'
import type { Generation } from '../types/connection.js'

/** A closed batch before its rows are decoded, in runs of ascending timestamp; `bytes` is about what it takes in memory. */
export interface RawBatch {
  readonly kind: BatchKind
  readonly runs: readonly Run[]
  readonly lower: bigint
  readonly upper: bigint
  readonly bytes: number
}

/** What a stream begins with: the contents, nothing, what came after a frontier, or the contents for one who has those at a frontier. */
export type Beginning = 'snapshot' | 'no snapshot' | { readonly after: bigint } | { readonly again: bigint }

/** How long, and how often, a server that speaks TAIL must have sent progress and no row before who holds rows believes that there are none. */
const emptyAfterMs = 2000n
const emptyAfterProgress = 3

/** The timestamp of constant views: they never change, and their stream ends. */
export const endOfTime: bigint = 2n ** 64n - 1n

/**
 * Collects updates and closes them into batches when the server's progress passes them.
 *
 * When the snapshot is complete:
 * - `subscribe` says AS OF in a first progress row, even before an empty snapshot; the next greater progress closes it
 *   (guaranteed since v0.50, https://materialize.com/docs/sql/subscribe/#progress).
 * - `tail` may or may not send progress before the snapshot. The first rows are the snapshot, and progress beyond their timestamp
 *   closes it. While no row has come, progress alone cannot tell an empty relation from one whose snapshot is still due (no
 *   recording shows that, but the source of v0.26 allows it). At first the second distinct progress is taken as an empty snapshot:
 *   no sum is wrong for it, only the kind of a batch may be. Whoever holds rows would have to take them all back, so then it must
 *   be the third, 2 s of the server's time after the first and beyond the frontier of those rows.
 */
export class BatchBuilder {
  readonly #generation: Generation
  readonly #maxBatchBytes: number
  readonly #log: RowLog
  /** The frontier of the rows that are held elsewhere, on `tail`. */
  readonly #again: bigint | undefined
  /** Whether something came before on another connection. */
  readonly goesOn: boolean
  #progressCount = 0
  #phase: 'before' | 'snapshot' | 'live'
  #open: Run[] = []
  #run: Run | undefined
  #openBytes = 0
  /** The snapshot's timestamp: AS OF, or on `tail` the first row's. */
  #asOf: bigint | undefined
  #lower: bigint
  /** False until it is known where a stream without snapshot begins. */
  #isLowerKnown: boolean
  #hasClosed = false
  #latest = 0n
  /** Updates below the frontier that a resumed stream sent again. */
  repeated = 0

  /** `seed`: an integer for the hashes of rows, the same wherever rows are compared. */
  constructor(generation: Generation, beginning: Beginning, maxBatchBytes: number, seed: number) {
    this.#generation = generation
    this.#maxBatchBytes = maxBatchBytes
    this.#log = new RowLog(seed)
    const isResumed = typeof beginning === 'object' && 'after' in beginning
    this.goesOn = typeof beginning === 'object'
    const again = typeof beginning === 'object' && 'again' in beginning ? beginning.again : undefined
    this.#again = generation === 'tail' ? again : undefined
    this.#lower = isResumed ? beginning.after : 0n
    this.#phase = isResumed || beginning === 'no snapshot' ? 'live' : 'before'
    this.#isLowerKnown = beginning !== 'no snapshot'
  }

  /** Whether the server has come past where it began, with or without a snapshot: until then it may hydrate in silence. */
  get hasCaughtUp(): boolean {
    return this.#hasClosed
  }

  /** About what rows that are not closed yet take in memory. */
  get openBytes(): number {
    return this.#openBytes
  }

  /** The row's own columns lie in `bytes`; false, and nothing taken, if there is a line feed among them. */
  update(timestamp: bigint, diff: number, bytes: Buffer, view: DataView, from: number, to: number): boolean {
    if (timestamp !== this.#latest) this.#advance(timestamp)
    if (!this.#log.append(bytes, view, from, to, diff)) return false
    if (timestamp < this.#lower) {
      this.repeated++
      return true
    }
    if (this.#phase === 'before') {
      this.#phase = 'snapshot'
      if (this.#generation === 'tail') this.#asOf = timestamp
      this.#asOf ??= timestamp
    }
    if (this.#run?.timestamp !== timestamp) {
      this.#run = new Run(timestamp)
      this.#open.push(this.#run)
      this.#openBytes += runBytes
    }
    this.#run.add(this.#log.segment, this.#log.at)
    this.#openBytes += headerBytes + to - from
    if (this.#openBytes > this.#maxBatchBytes)
      throw new TailError(
        'BATCH_TOO_LARGE',
        `More than ${this.#maxBatchBytes} bytes wait for their timestamp to close. Raise maxBatchBytes, or tail a smaller view.`,
      )
    return true
  }

  /** The batches that progress to `upper` closes: none, one, or the snapshot and what followed it. */
  progress(upper: bigint): readonly RawBatch[] {
    if (upper > this.#latest) this.#progressCount++
    this.#advance(upper)
    if (this.#phase === 'before') {
      this.#asOf ??= upper
      if (!this.#isEmptyAt(upper, this.#asOf)) return []
      this.#phase = 'snapshot'
    }
    if (this.#phase === 'snapshot') return upper > (this.#asOf ?? 0n) ? this.#closeSnapshot(upper) : []
    if (!this.#isLowerKnown) {
      this.#isLowerKnown = true
      this.#lower = this.#open[0]?.timestamp ?? upper
    }
    return upper > this.#lower ? [this.#close(upper)] : []
  }

  /** Whether progress to `upper` says that there are no rows, when none has come since the `first`. */
  #isEmptyAt(upper: bigint, first: bigint): boolean {
    if (this.#again === undefined) return upper > first
    return this.#progressCount >= emptyAfterProgress && upper - first >= emptyAfterMs && upper > this.#again
  }

  /** Whether the contents before `upTo` are told: a snapshot of then or later says nothing of them. */
  knowsBefore(upTo: bigint): boolean {
    return this.#phase === 'live' || (this.#asOf !== undefined && this.#asOf < upTo)
  }

  /** The stream ended cleanly, at `upTo` if it was to: what is open is complete. */
  end(upTo?: bigint): readonly RawBatch[] {
    const last = this.#open.at(-1)?.timestamp
    const upper = upTo ?? (last ?? this.#asOf ?? endOfTime) + 1n
    if (this.#phase !== 'live') return this.#closeSnapshot(upper)
    return last !== undefined || (upTo !== undefined && upTo > this.#lower) ? [this.#close(upper)] : []
  }

  /** A snapshot may be closed together with later changes: they are two batches. */
  #closeSnapshot(upper: bigint): readonly RawBatch[] {
    const asOf = this.#asOf ?? upper - 1n
    const split = this.#open.findIndex(({ timestamp }) => timestamp > asOf)
    const runs = split < 0 ? this.#open : this.#open.slice(0, split)
    const rest = split < 0 ? [] : this.#open.slice(split)
    this.#phase = 'live'
    this.#hasClosed = true
    const snapshot = batch('snapshot', runs, asOf, split < 0 ? upper : asOf + 1n)
    this.#lower = snapshot.upper
    this.#open = rest
    return rest.length > 0 ? [snapshot, this.#close(upper)] : this.#cleared([snapshot])
  }

  #close(upper: bigint): RawBatch {
    const closed = batch(this.#open.length > 0 ? 'changes' : 'progress', this.#open, this.#lower, upper)
    this.#lower = upper
    this.#hasClosed = true
    this.#cleared([])
    return closed
  }

  #cleared(batches: readonly RawBatch[]): readonly RawBatch[] {
    this.#open = []
    this.#run = undefined
    this.#openBytes = 0
    return batches
  }

  /** Timestamps never go back within a stream; a frontier from before a resume may be repeated. */
  #advance(timestamp: bigint): void {
    if (timestamp < this.#latest)
      throw new TailError(
        'TIME_WENT_BACK',
        `The server went back from timestamp ${this.#latest} to ${timestamp}.`,
      )
    this.#latest = timestamp
  }
}

function batch(kind: RawBatch['kind'], runs: readonly Run[], lower: bigint, upper: bigint): RawBatch {
  return { kind, runs, lower, upper, bytes: bytesOf(runs) }
}

/** Of the objects around the rows, measured with small batches: without them a hundred megabytes of batches would count as one. */
const batchBytes = 256
const runBytes = 256

/** About what a batch of these takes in memory. */
export function bytesOf(runs: readonly Run[]): number {
  return runs.reduce((sum, { count, bytes }) => sum + runBytes + count * headerBytes + bytes, batchBytes)
}

export function rowsIn({ runs }: RawBatch): number {
  return runs.reduce((sum, { count }) => sum + count, 0)
}
