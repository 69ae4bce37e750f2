import { TailError } from '../errors.js'
import type { RawUpdate } from './consolidate.js'

/**
 * What the consumer has: the multiplicity of each row, by its text. Lets a new snapshot be answered with the net difference alone.
 * Holds one entry per distinct row, at most `maxHeldRows`, beyond which it throws `TOO_MANY_ROWS`.
 */
export class HeldRows {
  readonly #maxHeldRows: number
  #rows = new Map<string, number>()

  constructor(maxHeldRows: number) {
    this.#maxHeldRows = maxHeldRows
  }

  get size(): number {
    return this.#rows.size
  }

  apply(updates: readonly RawUpdate[]): void {
    for (const { raw, diff } of updates) add(this.#rows, raw, diff)
    this.#check()
  }

  /**
   * Takes over the contents where nothing is held yet; false, and nothing taken, if a row appears twice. Rows that are held tell for
   * free what consolidating would need a set for.
   */
  begin(updates: readonly RawUpdate[]): boolean {
    for (const { raw, diff } of updates) this.#rows.set(raw, diff)
    const isConsolidated = this.#rows.size === updates.length
    if (!isConsolidated) this.#rows.clear()
    this.#check()
    return isConsolidated
  }

  /**
   * Takes over a new snapshot and gives the updates that lead to it from what was held, all at `timestamp`:
   * retractions of what is gone first, then what is new. Nothing changed: nothing comes.
   */
  reconcile(snapshot: readonly RawUpdate[], timestamp: bigint): readonly RawUpdate[] {
    const next = new Map<string, number>()
    for (const { raw, diff } of snapshot) add(next, raw, diff)
    const before = this.#rows
    this.#rows = next
    this.#check()
    const net: RawUpdate[] = []
    for (const [raw, multiplicity] of before) {
      const diff = (next.get(raw) ?? 0) - multiplicity
      if (diff < 0) net.push({ timestamp, diff, raw })
    }
    for (const [raw, multiplicity] of next) {
      const diff = multiplicity - (before.get(raw) ?? 0)
      if (diff > 0) net.push({ timestamp, diff, raw })
    }
    return net
  }

  #check(): void {
    if (this.#rows.size > this.#maxHeldRows)
      throw new TailError(
        'TOO_MANY_ROWS',
        `The view has more than ${this.#maxHeldRows} distinct rows. Raise maxHeldRows, or tail a smaller view.`,
      )
  }
}

function add(rows: Map<string, number>, raw: string, diff: number): void {
  const multiplicity = (rows.get(raw) ?? 0) + diff
  if (multiplicity === 0) rows.delete(raw)
  else rows.set(raw, multiplicity)
}
