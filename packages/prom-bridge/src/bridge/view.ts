import type { Batch, UnknownRow } from '@mzalert/tail-client'
import { BridgeError, closed, noSnapshot, streamFailed } from '../errors.js'
import { Gauge } from '../exposition/gauge.js'
import type { ViewHealth } from '../exposition/health.js'
import type { RowModel, ViewModel } from '../page/model.js'
import { checkColumns, type Plan } from '../series/plan.js'
import type { Series } from '../series/series.js'
import { SeriesStore } from '../series/store.js'
import { Transitions } from '../series/transitions.js'
import type { BatchSource, BridgeEvent, ViewState } from '../types.js'

/** Rows of a view that the page shows, and those among which it looks for the newest: neither grows with the view. */
const rowsOnPage = 200
const rowsToSort = 2000

/** The frontier of what never changes again: the greatest timestamp there is. */
const endOfTimeMs = 2 ** 64

/** One view at work: its source's batches go into its store, gauge and transitions, each in one turn. */
export class View {
  readonly plan: Plan
  readonly gauge: Gauge
  /** Resolves with the first snapshot. Rejects if the stream fails, or the view is closed, before it. */
  readonly ready: Promise<void>
  readonly #source: BatchSource
  readonly #report: (event: BridgeEvent) => void
  readonly #store: SeriesStore
  readonly #transitions = new Transitions()
  #settleReady: { readonly resolve: () => void; readonly reject: (error: BridgeError) => void }
  #frontierMs: number | undefined
  #failure: BridgeError | undefined
  #isFinal = false
  #isClosed = false
  #changes = 0
  #model: ViewModel | undefined

  constructor(plan: Plan, source: BatchSource, report: (event: BridgeEvent) => void) {
    this.plan = plan
    this.gauge = new Gauge(plan.name, plan.help)
    this.#source = source
    this.#report = report
    this.#store = new SeriesStore(plan)
    this.#settleReady = { resolve: () => {}, reject: () => {} }
    this.ready = new Promise((resolve, reject) => {
      this.#settleReady = { resolve, reject }
    })
  }

  get isComplete(): boolean {
    return this.#store.isComplete
  }

  get state(): ViewState {
    if (this.#failure) return 'failed'
    if (!this.#store.isComplete) return 'starting'
    const { status } = this.#source
    return this.#isFinal || status === undefined || status.phase === 'live' ? 'live' : 'stale'
  }

  get failure(): BridgeError | undefined {
    return this.#failure
  }

  /** Consumes the source until it ends, fails or is closed. Never rejects. */
  async run(): Promise<void> {
    const { view } = this.plan
    try {
      for await (const batch of this.#source.batches()) {
        if (this.#isClosed) return
        this.#apply(batch)
      }
      if (this.#isClosed) return
      if (!this.#store.isComplete) throw noSnapshot(view, 'ended')
      this.#isFinal = true
      this.#frontierMs = endOfTimeMs
      this.#report({ type: 'ended', view })
    } catch (error) {
      if (!this.#isClosed) await this.#fail(BridgeError.is(error) ? error : streamFailed(view, error))
    }
  }

  async close(): Promise<void> {
    this.#isClosed = true
    this.#settleReady.reject(closed())
    await this.#source.close()
  }

  health(): ViewHealth {
    return {
      view: this.plan.view,
      isUp: this.state === 'live',
      isComplete: this.#store.isComplete,
      frontierMs: this.#frontierMs,
      reconnects: this.#source.status?.reconnects ?? 0,
      counts: this.#store.counts,
    }
  }

  /** What the page shows; made again only when it is another one. */
  model(): ViewModel {
    const version = `${this.#changes} ${this.state}`
    if (this.#model?.version !== version) this.#model = this.#newModel(version)
    return { ...this.#model, frontierMs: this.#frontierMs }
  }

  #apply(batch: Batch<UnknownRow>): void {
    const { view } = this.plan
    const wasComplete = this.#store.isComplete
    if (!wasComplete && batch.kind !== 'snapshot')
      throw noSnapshot(view, `began with a batch of ${batch.kind}`)
    // A view of alerts is empty most of the time: a wrong column must not wait for the first alert.
    if (!wasComplete && this.#source.columns) checkColumns(this.plan, this.#source.columns)
    const delta = this.#store.apply(batch)
    this.gauge.apply(delta)
    this.#transitions.record(delta)
    this.#frontierMs = Number(batch.upper)
    if (delta.added.length + delta.removed.length + delta.changed.length > 0) this.#changes++
    if (batch.kind === 'reconciled') this.#report({ type: 'reconciled', view, updates: batch.updates.length })
    if (wasComplete) return
    this.#settleReady.resolve()
    this.#report({ type: 'snapshot', view, rows: this.#store.counts.rows })
  }

  async #fail(error: BridgeError): Promise<void> {
    this.#failure = error
    this.#settleReady.reject(error)
    this.#report({ type: 'failed', view: this.plan.view, error })
    // The failure is what there is to say; a source that cannot be closed after it adds nothing.
    await this.#source.close().catch(() => {})
  }

  #newModel(version: string): ViewModel {
    const { view, help, labelNames, value } = this.plan
    const isAlert = value === undefined
    const { series } = this.gauge
    return {
      view,
      help,
      state: this.state,
      problem: this.#failure?.message,
      isAlert,
      labelNames,
      total: series.length,
      rows: rowsOf(series, isAlert),
      transitions: this.#transitions.latest,
      transitionsTotal: this.#transitions.total,
      frontierMs: this.#frontierMs,
      version,
    }
  }
}

/** Alerts with the newest first; measurements by their labels, so that a value keeps its place. */
function rowsOf(series: readonly Series[], isAlert: boolean): readonly RowModel[] {
  const byLabels = (a: Series, b: Series): number => (a.labels < b.labels ? -1 : Number(a.labels > b.labels))
  return series
    .slice(-rowsToSort)
    .sort((a, b) => (isAlert ? b.sinceMs - a.sinceMs : 0) || byLabels(a, b))
    .slice(0, rowsOnPage)
    .map(({ values, value, sinceMs, isSinceExact }) => ({ values, value, sinceMs, isSinceExact }))
}
