import type { Batch, UnknownRow, Update } from '@mzalert/tail-client'
import { type BridgeError, seriesCollision, seriesLimit } from '../errors.js'
import { Admission } from './admission.js'
import type { Delta, StoreCounts } from './delta.js'
import { type Draft, joined, newDraft } from './draft.js'
import { labelValues } from './labels.js'
import { type Many, Pile } from './pile.js'
import { checkColumns, type Plan } from './plan.js'
import { sampleOf, valueOfRow } from './sample.js'
import { type Row, Series } from './series.js'
import { type Settlement, settled } from './settle.js'
import { ShardedMap } from './shards.js'
import { Budget, type Steps, unitsOf } from './slices.js'
import { Tally } from './tally.js'
import { labelSet } from './text.js'

/**
 * The rows of one view by their identity, with signed multiplicities, and the series they make.
 *
 * Nobody but who applies batches looks into it: what a batch has done is told by the delta, when all of it is done. Batches are
 * applied one after the other, each to its end: after a batch that was left in the middle, the store is of no use.
 * A row has its series while its multiplicity is above 0, as far as the limit of the view allows. Work is in proportion to the batch, and
 * with a later snapshot to the view.
 */
export class SeriesStore {
  readonly #plan: Plan
  #rows = new ShardedMap<Row>()
  readonly #series = new ShardedMap<Series>()
  readonly #tally = new Tally()
  readonly #settlement: Settlement
  readonly #admission: Admission | undefined
  /** Series that are kept at 0, in the order in which that ends. */
  readonly #zeros = new Set<Series>()
  /** Rows and series that the current batch has touched. */
  #touchedRows = new Pile<Row>()
  #touchedSeries = new Pile<Series>()
  #epoch = 0
  #published = 0
  #live = 0
  /** Series that have several rows now. */
  readonly #shared = new Set<Series>()
  /** Whether what is held of a row was read from other columns than the next snapshot has. */
  #isOutdated = false
  /** Whether nothing has been published yet. */
  #isFirst = true
  /** Series that batches touched of which nothing may be seen yet. */
  readonly #deferred = new Set<Series>()

  constructor(plan: Plan) {
    this.#plan = plan
    const { collisions: policy, maxSeries, overLimit } = plan
    this.#settlement = { policy, of: valueOfRow(plan) }
    if (maxSeries !== undefined && overLimit !== 'fail')
      this.#admission = new Admission({ maxSeries, policy: overLimit })
  }

  /** Rows and series that are in memory: those of the view, those it owes, and series that are kept at 0 or wait. */
  get held(): number {
    return this.#rows.size + this.#series.size
  }

  get counts(): StoreCounts {
    return {
      ...this.#tally.counts,
      series: this.#published,
      zeros: this.#zeros.size,
      collisions: this.#shared.size,
      batchesTotal: this.#epoch,
    }
  }

  /** From the next snapshot on the view has other columns: a row whose text is known may say something else. */
  columnsChanged(): void {
    this.#isOutdated = true
  }

  /**
   * Applies a closed batch and says what it changed. A second snapshot replaces the contents by their difference, and counts as that.
   * A batch that would break a policy of the view is applied and not shown: the delta says why, and the next one that breaks none
   * has the difference to what was shown last. Throws `UNKNOWN_COLUMN`, and then has applied nothing.
   */
  *apply(batch: Batch<UnknownRow>): Steps<Delta> {
    const budget = new Budget()
    const isSnapshot = batch.kind === 'snapshot'
    for (const update of batch.updates) {
      if (this.#isOutdated || !this.#rows.has(update.raw)) this.#checkColumns(update.row)
      if (budget.spend()) yield
    }
    this.#epoch++
    if (isSnapshot) yield* this.#retractAll(budget)
    for (const update of batch.updates) {
      const row = this.#row(update)
      if (!isSnapshot) this.#tally.update(update.diff)
      this.#change(row, update.diff)
      // What a later snapshot has as it was before was not written again.
      const isWritten = update.diff > 0 && (!isSnapshot || row.multiplicity > row.before)
      if (isWritten && this.#settlement.policy === 'last') this.#renew(row, Number(update.timestamp))
      if (budget.spend(unitsOf(update.raw.length))) yield
    }
    for (const row of this.#touchedRows) {
      if (isSnapshot) this.#tally.update(row.multiplicity - row.before)
      this.#settleRow(row)
      if (budget.spend()) yield
    }
    const atMs = Number(batch.updates.at(-1)?.timestamp ?? batch.upper)
    return yield* this.#settleAll(atMs, Number(batch.upper), budget)
  }

  /** A snapshot states all rows: those that it does not have again are gone. */
  *#retractAll(budget: Budget): Steps<void> {
    const held = this.#rows
    if (this.#isOutdated) this.#rows = new ShardedMap()
    this.#isOutdated = false
    for (const row of held.values()) {
      this.#change(row, -row.multiplicity)
      if (budget.spend()) yield
    }
  }

  #checkColumns(row: UnknownRow): void {
    if (!this.#plan.columns.every(column => Object.hasOwn(row, column)))
      checkColumns(this.#plan, Object.keys(row))
  }

  #row({ raw, row: columns }: Update<UnknownRow>): Row {
    const held = this.#rows.get(raw)
    if (held) return held
    const values = labelValues(this.#plan, columns)
    const sample = typeof values === 'string' ? values : sampleOf(this.#plan, columns)
    const series =
      typeof sample === 'number' && typeof values !== 'string' ? this.#seriesOf(values) : undefined
    const row: Row = { raw, series, sample, multiplicity: 0, at: 0, before: 0, epoch: 0 }
    if (series) series.held++
    this.#rows.set(raw, row)
    return row
  }

  #seriesOf(values: readonly (string | null)[]): Series {
    const labels = labelSet(this.#plan.labelNames, values)
    const known = this.#series.get(labels)
    if (known) return known
    const series = new Series(labels, this.#plan.labelNames)
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

  /** The row was written again: that may make it its series' last one, also where its multiplicity is as before. */
  #renew(row: Row, atMs: number): void {
    row.at = atMs
    if (row.series) this.#touch(row.series)
  }

  /** The batch is complete: the row is there or it is not. */
  #settleRow(row: Row): void {
    const { before, multiplicity: now, series } = row
    this.#tally.row(row)
    if (series && before !== now) {
      this.#touch(series)
      if (before <= 0 && now > 0) {
        series.add(row)
        series.fresh++
      }
      if (before > 0 && now <= 0) series.remove(row)
    }
    if (now !== 0) return
    if (this.#rows.get(row.raw) === row) this.#rows.delete(row.raw)
    if (series) this.#release(series)
  }

  #release(series: Series): void {
    if (--series.held === 0) this.#series.delete(series.labels)
  }

  #touch(series: Series): void {
    if (series.epoch === this.#epoch) return
    series.epoch = this.#epoch
    this.#live -= Number(series.size > 0)
    this.#shared.delete(series)
    this.#touchedSeries.push(series)
  }

  *#settleAll(atMs: number, upperMs: number, budget: Budget): Steps<Delta> {
    const touched = this.#touchedSeries
    this.#touchedRows = new Pile()
    this.#touchedSeries = new Pile()
    for (const series of touched) {
      this.#live += Number(series.size > 0)
      if (series.size > 1) this.#shared.add(series)
      if (budget.spend()) yield
    }
    const blocked = this.#violation()
    if (blocked || this.#deferred.size > 0)
      for (const series of touched) {
        this.#defer(series)
        if (budget.spend()) yield
      }
    const draft = newDraft()
    const { removed, changed, gone } = draft
    const common = { removed, changed, gone, isSnapshot: this.#isFirst, atMs, blocked }
    if (blocked) return { ...common, added: [], appeared: [], counts: this.counts }
    yield* this.#settleSeries(this.#deferred.size > 0 ? this.#deferred : touched, atMs, draft, budget)
    this.#deferred.clear()
    yield* this.#endZeros(upperMs, draft, budget)
    const added = yield* this.#admitted(draft, budget)
    for (const series of added) {
      series.sinceMs = atMs
      series.isSinceExact = !this.#isFirst
      if (budget.spend()) yield
    }
    const back = yield* this.#returned(draft.back, atMs, budget)
    this.#isFirst = false
    const appeared = back.length > 0 ? yield* joined(added, back, budget) : added
    return { ...common, added, appeared, counts: this.counts }
  }

  /** What became of each series that was touched. */
  *#settleSeries(settling: Iterable<Series>, atMs: number, draft: Draft, budget: Budget): Steps<void> {
    for (const series of settling) {
      const before = series.value
      if (series.size > 0) {
        // Zero has no sign in an exposition, and must have none elsewhere.
        series.value = (yield* settled(series, this.#settlement, budget)) + 0
        if (!series.isPublished) draft.candidates.push(series)
        else if (!Object.is(before, series.value)) draft.changed.push(series)
        if (series.zeroUntilMs !== undefined) draft.back.push(series)
      } else if (series.isPublished && series.zeroUntilMs === undefined) this.#go(series, atMs, draft)
      else this.#admission?.forget(series)
      if (series.isPublished) series.fresh = 0
      if (settling === this.#deferred) this.#release(series)
      if (budget.spend()) yield
    }
  }

  /** The time of series that were kept at 0 is over, unless a row came again with this batch. */
  *#endZeros(upperMs: number, { removed }: Draft, budget: Budget): Steps<void> {
    for (const series of this.#zeros) {
      if (series.zeroUntilMs === undefined || series.zeroUntilMs > upperMs) break
      if (series.size === 0) {
        this.#endZero(series)
        series.isPublished = false
        this.#published--
        removed.push(series)
      }
      if (budget.spend()) yield
    }
  }

  /** Series that were kept at 0 and have rows again; those that the limit dropped meanwhile are none. */
  *#returned(back: Many<Series>, atMs: number, budget: Budget): Steps<Many<Series>> {
    const returned = new Pile<Series>()
    for (const series of back) {
      if (series.isPublished) {
        this.#endZero(series)
        series.sinceMs = atMs
        returned.push(series)
      }
      if (budget.spend()) yield
    }
    return returned
  }

  /** What of the view's policies the rows break now. */
  #violation(): BridgeError | undefined {
    const { view, collisions, maxSeries = Number.POSITIVE_INFINITY, overLimit } = this.#plan
    if (overLimit === 'fail' && this.#live > maxSeries) return seriesLimit(view, this.#live, maxSeries)
    const [shared] = collisions === 'error' ? this.#shared : []
    if (!shared) return undefined
    const [first, second] = shared.rows
    return seriesCollision(view, shared.labels, [first?.raw ?? '', second?.raw ?? ''].sort())
  }

  /** A series that waits is held, so that rows that come meanwhile are rows of it and not of a second one with its labels. */
  #defer(series: Series): void {
    if (this.#deferred.has(series)) return
    this.#deferred.add(series)
    series.held++
    this.#series.set(series.labels, series)
  }

  /** The last row of a series went. Where it is kept at 0 it is so before it can be seen. */
  #go(series: Series, atMs: number, { gone, removed, changed }: Draft): void {
    const { zeroForMs, isAge } = this.#plan
    gone.push(series)
    if (zeroForMs === undefined) {
      series.isPublished = false
      this.#published--
      removed.push(series)
      return
    }
    series.value = isAge ? Number.NEGATIVE_INFINITY : 0
    series.zeroUntilMs = atMs + zeroForMs
    series.held++
    // The last of its rows may have taken it out of the map already.
    this.#series.set(series.labels, series)
    this.#zeros.add(series)
    changed.push(series)
  }

  #endZero(series: Series): void {
    series.zeroUntilMs = undefined
    this.#zeros.delete(series)
    this.#release(series)
  }

  /** Publishes what the limit of the view allows. */
  *#admitted({ candidates, removed, gone }: Draft, budget: Budget): Steps<Many<Series>> {
    const verdict = this.#admission
      ? yield* this.#admission.decide(
          candidates,
          {
            all: () => this.#series.values(),
            zeros: this.#zeros,
            published: this.#published,
            live: this.#live,
          },
          budget,
        )
      : { admitted: candidates, dropped: [] }
    for (const series of verdict.dropped) {
      this.#tally.skip('limit', series.size)
      series.isPublished = false
      removed.push(series)
      if (series.zeroUntilMs === undefined) gone.push(series)
      else this.#endZero(series)
      if (budget.spend()) yield
    }
    for (const series of verdict.admitted) {
      series.isPublished = true
      series.fresh = 0
      if (budget.spend()) yield
    }
    this.#published += verdict.admitted.length - verdict.dropped.length
    for (const series of candidates) {
      this.#tally.skip('limit', series.fresh)
      series.fresh = 0
      if (budget.spend()) yield
    }
    return verdict.admitted
  }
}
