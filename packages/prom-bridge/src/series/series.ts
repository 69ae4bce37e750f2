import { labelValuesOf } from './text.js'
import type { SkipReason } from './value.js'

/** A row that the view holds, or owes: `multiplicity` is never 0 between batches, and negative while a retraction is ahead. */
export interface Row {
  /** The row's text as the server wrote it: its identity. */
  readonly raw: string
  /** Undefined for rows without a sample. */
  readonly series: Series | undefined
  /** The column's value, or why there is none; 1 where the view has no value column. */
  readonly sample: number | SkipReason
  multiplicity: number
  /** The timestamp of the last update that inserted it; 0 where no policy asks. */
  at: number
  /** The multiplicity before the batch that is being applied, and that batch. */
  before: number
  epoch: number
}

/** One sample of the gauge: every row with these labels. */
export class Series {
  /** The labels as they stand in the exposition. Escaping is injective, so that equal text means equal labels. */
  readonly labels: string
  readonly #names: readonly string[]
  /** Milliseconds since 1970 at which it appeared; in a snapshot, when it was first seen. */
  sinceMs = 0
  /** Whether `sinceMs` is when it appeared, rather than the snapshot's time. */
  isSinceExact = false
  value: number = Number.NaN
  /** Rows that refer to it, also those with a negative multiplicity. */
  held = 0
  /** Where the exposition keeps it. */
  slot = -1
  /** Whether it has been published, and the batch that touched it last. */
  isPublished = false
  epoch = 0
  /** Rows that came with the batch that is being applied. */
  fresh = 0
  /** Where its last row has gone and it is kept at 0: until when, by the server's clock. */
  zeroUntilMs: number | undefined
  /** Nearly every series has one row: a set is made only for the second. */
  #live: Row | Set<Row> | undefined

  constructor(labels: string, names: readonly string[]) {
    this.labels = labels
    this.#names = names
  }

  /** The label values by position; null where the label is left out. Read from `labels`, since few series are ever asked. */
  get values(): readonly (string | null)[] {
    return labelValuesOf(this.labels, this.#names)
  }

  /** The labels that are there, by name. */
  get labelRecord(): Readonly<Record<string, string>> {
    const { values } = this
    return Object.fromEntries(
      this.#names.flatMap((name, index) => {
        const value = values[index] ?? null
        return value === null ? [] : [[name, value]]
      }),
    )
  }

  /** Rows with these labels that the view holds now; more than one is a collision. */
  get size(): number {
    if (this.#live === undefined) return 0
    return this.#live instanceof Set ? this.#live.size : 1
  }

  /** The live rows. */
  get rows(): Iterable<Row> {
    if (this.#live === undefined) return []
    return this.#live instanceof Set ? this.#live : [this.#live]
  }

  add(row: Row): void {
    if (this.#live === undefined) this.#live = row
    else if (this.#live instanceof Set) this.#live.add(row)
    else this.#live = new Set([this.#live, row])
  }

  remove(row: Row): void {
    if (this.#live instanceof Set) this.#live.delete(row)
    else if (this.#live === row) this.#live = undefined
  }
}
