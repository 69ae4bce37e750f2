import { TailError } from '../errors.js'
import type { Batch } from '../types.js'

/** The contents of a collection at a frontier: rows with their multiplicities. */
export class Multiset<Row> {
  readonly #entries = new Map<string, { row: Row; multiplicity: number }>()

  /** Applies a closed batch. A multiplicity below zero is impossible in a collection: `NEGATIVE_MULTIPLICITY` with the row. */
  apply(batch: Batch<Row>): void {
    // A snapshot states the contents, whatever they were.
    if (batch.kind === 'snapshot') this.#entries.clear()
    const touched = new Set<string>()
    for (const { raw, row, diff } of batch.updates) {
      const entry = this.#entries.get(raw)
      if (entry) entry.multiplicity += diff
      else this.#entries.set(raw, { row, multiplicity: diff })
      touched.add(raw)
    }
    for (const raw of touched) {
      const multiplicity = this.#entries.get(raw)?.multiplicity ?? 0
      if (multiplicity < 0)
        throw new TailError(
          'NEGATIVE_MULTIPLICITY',
          `Row ${JSON.stringify(raw)} has multiplicity ${multiplicity} at ${batch.upper}.`,
        )
      if (multiplicity === 0) this.#entries.delete(raw)
    }
  }

  /** How many distinct rows there are. */
  get size(): number {
    return this.#entries.size
  }

  /** Each distinct row once, with its multiplicity. */
  *entries(): Generator<readonly [row: Row, multiplicity: number]> {
    for (const { row, multiplicity } of this.#entries.values()) yield [row, multiplicity]
  }

  /** Every row, as often as it is there. */
  rows(): readonly Row[] {
    const rows: Row[] = []
    for (const [row, multiplicity] of this.entries()) for (let i = 0; i < multiplicity; i++) rows.push(row)
    return rows
  }
}
