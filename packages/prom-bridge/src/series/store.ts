import type { Batch, UnknownRow, Update } from '@mzalert/tail-client'
import { checkColumns, type Plan } from './plan.js'
import { type Row, Series } from './series.js'
import { labelSet, labelText } from './text.js'
import { type SkipReason, sampleValue } from './value.js'

/** What a batch does to the series of a view: the difference between before and after, nothing in between. */
export interface Delta {
  readonly added: readonly Series[]
  readonly removed: readonly Series[]
  /** Series whose value is another one. */
  readonly changed: readonly Series[]
  /** Whether the contents were stated rather than changed: what is added was there before anybody looked. */
  readonly isSnapshot: boolean
  /** Milliseconds since 1970 of the batch's last update, by the server's clock; of its frontier if it has none. */
  readonly atMs: number
}

/** What the store has counted. Totals only grow; the others are what is so now. */
export interface StoreCounts {
  readonly rows: number
  readonly series: number
  readonly collisions: number
  readonly negativeRows: number
  readonly batchesTotal: number
  readonly updatesTotal: number
  readonly skippedTotal: Readonly<Record<SkipReason, number>>
}

/**
 * The rows of one view by their identity, with signed multiplicities, and the series they make.
 *
 * A batch is applied in one synchronous turn or not at all: `apply` throws `UNKNOWN_COLUMN` before it changes anything.
 * A row has its series while its multiplicity is above 0. Work is in proportion to the batch, never to the view.
 */
export class SeriesStore {
  readonly #plan: Plan
  readonly #rows = new Map<string, Row>()
  readonly #series = new Map<string, Series>()
  readonly #skipped: Record<SkipReason, number> = { null_value: 0, not_a_number: 0 }
  readonly #valueOf: (row: Row) => number
  /** Rows and series that the current batch has touched. */
  #touchedRows: Row[] = []
  #touchedSeries: Series[] = []
  #epoch = 0
  #published = 0
  #liveRows = 0
  #collisions = 0
  #negativeRows = 0
  #updates = 0
  #isComplete = false

  constructor(plan: Plan) {
    this.#plan = plan
    const countsRows = plan.value !== undefined && 'multiplicity' in plan.value
    this.#valueOf = countsRows
      ? row => row.multiplicity
      : row => (typeof row.sample === 'number' ? row.sample : Number.NaN)
  }

  /** Whether a snapshot has been applied; nothing is published before. */
  get isComplete(): boolean {
    return this.#isComplete
  }

  get counts(): StoreCounts {
    return {
      rows: this.#liveRows,
      series: this.#published,
      collisions: this.#collisions,
      negativeRows: this.#negativeRows,
      batchesTotal: this.#epoch,
      updatesTotal: this.#updates,
      skippedTotal: this.#skipped,
    }
  }

  /** Applies a closed batch and says what it changed. A second snapshot replaces the contents by their difference. */
  apply(batch: Batch<UnknownRow>): Delta {
    for (const update of batch.updates) if (!this.#rows.has(update.raw)) this.#checkColumns(update.row)
    const isFirstSnapshot = batch.kind === 'snapshot' && !this.#isComplete
    this.#isComplete ||= isFirstSnapshot
    this.#epoch++
    this.#updates += batch.updates.length
    if (batch.kind === 'snapshot') for (const row of this.#rows.values()) this.#change(row, -row.multiplicity)
    for (const update of batch.updates) this.#change(this.#row(update), update.diff)
    for (const row of this.#touchedRows) this.#settleRow(row)
    const atMs = Number(batch.updates.at(-1)?.timestamp ?? batch.upper)
    return this.#settleSeries(isFirstSnapshot, atMs)
  }

  #checkColumns(row: UnknownRow): void {
    if (!this.#plan.columns.every(column => Object.hasOwn(row, column)))
      checkColumns(this.#plan, Object.keys(row))
  }

  #row({ raw, row: columns }: Update<UnknownRow>): Row {
    const held = this.#rows.get(raw)
    if (held) return held
    const { value } = this.#plan
    const sample = value !== undefined && 'column' in value ? sampleValue(columns[value.column]) : 1
    const series = typeof sample === 'number' ? this.#seriesOf(columns) : undefined
    const row: Row = { raw, series, sample, multiplicity: 0, before: 0, epoch: 0 }
    if (series) series.held++
    this.#rows.set(raw, row)
    return row
  }

  #seriesOf(columns: UnknownRow): Series {
    const values = this.#plan.labelColumns.map(column => labelText(columns[column]))
    const labels = labelSet(this.#plan.labelNames, values)
    const known = this.#series.get(labels)
    if (known) return known
    const series = new Series(labels, values)
    this.#series.set(labels, series)
    return series
  }

  #change(row: Row, diff: number): void {
    if (row.epoch !== this.#epoch) {
      row.epoch = this.#epoch
      row.before = row.multiplicity
      this.#touchedRows.push(row)
    }
    row.multiplicity += diff
  }

  /** The batch is complete: the row is there or it is not. */
  #settleRow(row: Row): void {
    const { before, multiplicity: now, series, sample } = row
    this.#liveRows += Math.max(now, 0) - Math.max(before, 0)
    this.#negativeRows += Number(now < 0) - Number(before < 0)
    if (typeof sample === 'string' && before <= 0 && now > 0) this.#skipped[sample]++
    if (series && before !== now) {
      this.#touch(series)
      if (before <= 0 && now > 0) series.add(row)
      if (before > 0 && now <= 0) series.remove(row)
    }
    if (now !== 0) return
    this.#rows.delete(row.raw)
    if (series && --series.held === 0) this.#series.delete(series.labels)
  }

  #touch(series: Series): void {
    if (series.epoch === this.#epoch) return
    series.epoch = this.#epoch
    this.#collisions -= Number(series.size > 1)
    this.#touchedSeries.push(series)
  }

  #settleSeries(isSnapshot: boolean, atMs: number): Delta {
    const added: Series[] = []
    const removed: Series[] = []
    const changed: Series[] = []
    for (const series of this.#touchedSeries) {
      this.#collisions += Number(series.size > 1)
      const value = series.settle(this.#plan.collisions, this.#valueOf)
      const isNew = !series.isPublished
      const isOther = !Object.is(value, series.value)
      series.value = value
      if (series.size === 0) {
        if (!isNew) removed.push(series)
      } else if (isNew) added.push(series)
      else if (isOther) changed.push(series)
    }
    for (const series of added) {
      series.isPublished = true
      series.sinceMs = atMs
      series.isSinceExact = !isSnapshot
    }
    for (const series of removed) series.isPublished = false
    this.#published += added.length - removed.length
    this.#touchedRows = []
    this.#touchedSeries = []
    return { added, removed, changed, isSnapshot, atMs }
  }
}
