import type { ResumableBatch } from '../types/batch.js'
import type { Clock } from '../types/clock.js'
import type { Column } from '../types/connection.js'
import type { UnknownRow, Update } from '../types/update.js'
import { KeySearch } from './keys.js'
import { momentsOf } from './moments.js'

/** What was seen of a stream while it was looked at. */
export interface Observation {
  /** How long it was looked at after the snapshot. */
  readonly watchedMs: number
  /** How long the snapshot took; undefined if it did not come in time. */
  readonly snapshotMs: number | undefined
  readonly rows: number
  /** Undefined if there were too many to tell them apart. */
  readonly distinctRows: number | undefined
  /** Some of the rows that there were at the end. */
  readonly firstRows: readonly UnknownRow[]
  /** Updates after the snapshot, and how many of them took rows away. */
  readonly updates: number
  readonly retractions: number
  /** Timestamps at which something changed, and the most updates that one of them had. */
  readonly timestamps: number
  readonly mostAtOnce: number
  readonly frontierMoves: number
  /** Columns, or pairs of them, that no two rows shared at any time; best first. */
  readonly keys: readonly (readonly string[])[]
  /** The most rows that there were at once, of which that is said. */
  readonly mostRows: number
  /** Whether there were too many rows to look for keys. */
  readonly tooManyForKeys: boolean
  /** A token from the beginning, by which to find out whether the server can go back to it. */
  readonly token: string | undefined
}

/** Of more distinct rows only the number is kept, and nobody looks for keys. */
const maxHeldRows = 50_000
const shownRows = 5

/** Looks at batches until they end. */
export async function observe(
  batches: AsyncIterable<ResumableBatch<UnknownRow>>,
  columns: readonly Column[],
  clock: Clock,
): Promise<Observation> {
  const began = clock.nowMs()
  const contents = new Contents()
  const keys = new KeySearch(columns)
  const rate = new Rate()
  let snapshotEnd: number | undefined
  let token: string | undefined
  let frontierMoves = 0
  let updates: Update<UnknownRow>[] = []
  for await (const batch of batches) {
    for (const update of batch.updates) {
      contents.apply(update)
      if (snapshotEnd !== undefined) rate.count(update)
      if (contents.isHeld) updates.push(update)
    }
    if (batch.part && !batch.part.isLast) continue
    if (contents.isHeld) for (const moment of momentsOf(updates)) keys.apply(moment)
    updates = []
    if (snapshotEnd === undefined) snapshotEnd = clock.nowMs()
    else frontierMoves++
    token ??= batch.token
  }
  const { timestamps, mostAtOnce, retractions } = rate
  return {
    updates: rate.updates,
    retractions,
    timestamps,
    mostAtOnce,
    frontierMoves,
    watchedMs: snapshotEnd === undefined ? 0 : clock.nowMs() - snapshotEnd,
    snapshotMs: snapshotEnd === undefined ? undefined : snapshotEnd - began,
    rows: contents.count,
    distinctRows: contents.distinct,
    firstRows: contents.first(shownRows),
    tooManyForKeys: !contents.isHeld,
    keys: contents.isHeld ? keys.keys() : [],
    mostRows: keys.mostRows,
    token,
  }
}

/** The rows that there are; of too many only the number. */
class Contents {
  #rows: Map<string, { readonly row: UnknownRow; readonly multiplicity: number }> | undefined = new Map()
  #first: readonly UnknownRow[] = []
  count = 0

  get isHeld(): boolean {
    return this.#rows !== undefined
  }

  /** How many there are that differ, as far as that is known. */
  get distinct(): number | undefined {
    return this.#rows?.size
  }

  apply({ raw, row, diff }: Update<UnknownRow>): void {
    this.count += diff
    if (!this.#rows) return
    const multiplicity = (this.#rows.get(raw)?.multiplicity ?? 0) + diff
    if (multiplicity === 0) this.#rows.delete(raw)
    else this.#rows.set(raw, { row, multiplicity })
    if (this.#rows.size <= maxHeldRows) return
    this.#first = this.first(shownRows)
    this.#rows = undefined
  }

  first(count: number): readonly UnknownRow[] {
    if (!this.#rows) return this.#first
    const rows: UnknownRow[] = []
    for (const { row } of this.#rows.values()) {
      if (rows.length >= count) break
      rows.push(row)
    }
    return rows
  }
}

/** How often something changes. */
class Rate {
  #latest: bigint | undefined
  #atOnce = 0
  updates = 0
  retractions = 0
  timestamps = 0
  mostAtOnce = 0

  count({ timestamp, diff }: Update<unknown>): void {
    if (timestamp !== this.#latest) {
      this.#latest = timestamp
      this.#atOnce = 0
      this.timestamps++
    }
    this.mostAtOnce = Math.max(this.mostAtOnce, ++this.#atOnce)
    this.updates++
    if (diff < 0) this.retractions++
  }
}
