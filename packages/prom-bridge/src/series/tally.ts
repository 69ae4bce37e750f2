import type { StoreCounts } from './delta.js'
import type { Row } from './series.js'
import type { SkipReason } from './value.js'

/** What a store has counted of the updates and rows that came. */
export class Tally {
  readonly #skipped: Record<SkipReason, number> = {
    null_value: 0,
    not_a_number: 0,
    null_label: 0,
    label_failed: 0,
    limit: 0,
  }
  #rows = 0
  #negativeRows = 0
  #inserts = 0
  #deletes = 0

  get counts(): Pick<
    StoreCounts,
    'rows' | 'negativeRows' | 'insertsTotal' | 'deletesTotal' | 'skippedTotal'
  > {
    return {
      rows: this.#rows,
      negativeRows: this.#negativeRows,
      insertsTotal: this.#inserts,
      deletesTotal: this.#deletes,
      skippedTotal: { ...this.#skipped },
    }
  }

  /** Nothing is counted of a diff that came to nothing. */
  update(diff: number): void {
    if (diff > 0) this.#inserts++
    if (diff < 0) this.#deletes++
  }

  /** A batch is complete that touched the row. */
  row({ before, multiplicity: now, sample }: Row): void {
    this.#rows += Math.max(now, 0) - Math.max(before, 0)
    this.#negativeRows += Number(now < 0) - Number(before < 0)
    if (typeof sample === 'string' && before <= 0 && now > 0) this.skip(sample)
  }

  skip(reason: SkipReason, rows = 1): void {
    this.#skipped[reason] += rows
  }
}
