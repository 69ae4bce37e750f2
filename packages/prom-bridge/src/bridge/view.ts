import type { Batch, UnknownRow } from '@mzalert/tail-client'
import { BridgeError, closed, noSnapshot, streamFailed } from '../errors.js'
import { Gauge, type Generation } from '../exposition/gauge.js'
import type { ViewHealth } from '../exposition/health.js'
import { segmentSize } from '../exposition/segment.js'
import type { RowModel, ViewModel } from '../page/model.js'
import { checkColumns, type Plan } from '../series/plan.js'
import { inSlices, type Turn } from '../series/slices.js'
import { type Delta, SeriesStore, type StoreCounts } from '../series/store.js'
import { Transitions } from '../series/transitions.js'
import type { BatchSource, BridgeEvent, ViewState } from '../types.js'

/** Rows of a view that the page shows, and those among which it looks for the newest: neither grows with the view. */
const rowsOnPage = 200
const rowsToSort = 2000

/** The frontier of what never changes again: the greatest timestamp there is. */
const endOfTimeMs = 2 ** 64

/** What a view has around it. */
export interface ViewSurroundings {
  readonly report: (event: BridgeEvent) => void
  readonly turn: Turn
  /** Milliseconds since 1970. */
  readonly now: () => number
}

/**
 * One view at work. Its source's batches go one after the other, in slices, into its store and the next generation of its gauge;
 * when all of a batch is there, everything that can be seen of it becomes visible in one turn.
 */
export class View {
  readonly plan: Plan
  readonly gauge: Gauge
  /** Resolves with the first snapshot. Rejects if the stream fails, or the view is closed, before it. */
  readonly ready: Promise<void>
  readonly #source: BatchSource
  readonly #report: (event: BridgeEvent) => void
  readonly #turn: Turn
  readonly #now: () => number
  readonly #store: SeriesStore
  readonly #transitions = new Transitions()
  #settleReady: { readonly resolve: () => void; readonly reject: (error: BridgeError) => void }
  #counts: StoreCounts
  #isComplete = false
  #lastBatchMs = 0
  #frontierMs: number | undefined
  #failure: BridgeError | undefined
  #isFinal = false
  #isClosed = false
  #changes = 0
  #model: ViewModel | undefined

  constructor(plan: Plan, source: BatchSource, { report, turn, now }: ViewSurroundings) {
    this.plan = plan
    this.gauge = new Gauge(plan.name, plan.help, plan.isAge)
    this.#source = source
    this.#report = report
    this.#turn = turn
    this.#now = now
    this.#store = new SeriesStore(plan)
    this.#counts = this.#store.counts
    this.#settleReady = { resolve: () => {}, reject: () => {} }
    this.ready = new Promise((resolve, reject) => {
      this.#settleReady = { resolve, reject }
    })
  }

  get isComplete(): boolean {
    return this.#isComplete
  }

  get state(): ViewState {
    if (this.#failure) return 'failed'
    if (!this.#isComplete) return 'starting'
    if (this.#isFinal) return 'live'
    const { status } = this.#source
    const isConnected = status === undefined || status.phase === 'live'
    return isConnected && this.#silentMs() <= this.plan.staleAfterMs ? 'live' : 'stale'
  }

  /** Whether its samples are exported: from its first snapshot on, and while it is disconnected as long as they are held. */
  get isExported(): boolean {
    return this.#isComplete && (this.state === 'live' || this.#silentMs() < this.plan.holdForMs)
  }

  /** Whether there is to be no scrape at all, because what it would have is not current. */
  get failsScrape(): boolean {
    return this.plan.failsScrape && (this.state === 'stale' || this.state === 'failed')
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
        await this.#apply(batch)
      }
      if (this.#isClosed) return
      if (!this.#isComplete) throw noSnapshot(view, 'ended')
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
      isComplete: this.#isComplete,
      frontierMs: this.#frontierMs,
      reconnects: this.#source.status?.reconnects ?? 0,
      maxSeries: this.plan.maxSeries,
      counts: this.#counts,
    }
  }

  /** What the page shows; made again only when it is another one. */
  model(): ViewModel {
    const version = `${this.#changes} ${this.state}`
    if (this.#model?.version !== version) this.#model = this.#newModel(version)
    return { ...this.#model, frontierMs: this.#frontierMs }
  }

  async #apply(batch: Batch<UnknownRow>): Promise<void> {
    // A view of alerts is empty most of the time: a wrong column must not wait for the first alert.
    if (!this.#isComplete) {
      if (batch.kind !== 'snapshot') throw noSnapshot(this.plan.view, `began with a batch of ${batch.kind}`)
      if (this.#source.columns) checkColumns(this.plan, this.#source.columns)
    }
    const delta = await inSlices(this.#store.apply(batch), this.#turn)
    const generation = await inSlices(this.gauge.next(delta), this.#turn)
    if (!this.#isClosed) this.#publish(batch, delta, generation)
  }

  #publish(batch: Batch<UnknownRow>, delta: Delta, generation: Generation): void {
    const { view } = this.plan
    this.gauge.publish(generation)
    this.#transitions.record(delta)
    this.#counts = delta.counts
    this.#frontierMs = Number(batch.upper)
    this.#lastBatchMs = this.#now()
    if (delta.added.length + delta.removed.length + delta.changed.length > 0) this.#changes++
    if (batch.kind === 'reconciled') this.#report({ type: 'reconciled', view, updates: batch.updates.length })
    if (this.#isComplete) return
    this.#isComplete = true
    this.#settleReady.resolve()
    this.#report({ type: 'snapshot', view, rows: this.#counts.rows })
  }

  /** Since the last batch. */
  #silentMs(): number {
    return this.#now() - this.#lastBatchMs
  }

  async #fail(error: BridgeError): Promise<void> {
    this.#failure = error
    this.#settleReady.reject(error)
    this.#report({ type: 'failed', view: this.plan.view, error })
    // The failure is what there is to say; a source that cannot be closed after it adds nothing.
    await this.#source.close().catch(() => {})
  }

  #newModel(version: string): ViewModel {
    const { view, help, labelNames, value, collisions } = this.plan
    const isAlert = value === undefined && collisions !== 'count' && collisions !== 'sum'
    const { current } = this.gauge
    const nowMs = this.#now()
    return {
      view,
      help,
      state: this.state,
      problem: this.#failure?.message,
      isAlert,
      labelNames,
      total: isAlert ? current.length - this.#counts.zeros : current.length,
      rows: rowsOf(current, isAlert, value => this.gauge.valueAt(value, nowMs)),
      transitions: this.#transitions.latest,
      transitionsTotal: this.#transitions.total,
      frontierMs: this.#frontierMs,
      version,
    }
  }
}

/** Alerts with the newest first; measurements by their labels, so that a value keeps its place. */
function rowsOf(
  { segments }: Generation,
  isAlert: boolean,
  shown: (value: number) => number,
): readonly RowModel[] {
  const newest = segments.slice(-Math.ceil(rowsToSort / segmentSize) - 1)
  const samples = newest.flatMap(({ series, values }) =>
    series.map((one, index) => ({ series: one, value: shown(values[index] ?? Number.NaN) })),
  )
  return samples
    .filter(({ value }) => !isAlert || value !== 0)
    .slice(-rowsToSort)
    .sort(({ series: a }, { series: b }) => {
      const byLabels = a.labels < b.labels ? -1 : Number(a.labels > b.labels)
      return (isAlert ? b.sinceMs - a.sinceMs : 0) || byLabels
    })
    .slice(0, rowsOnPage)
    .map(({ series: { values, sinceMs, isSinceExact }, value }) => ({ values, value, sinceMs, isSinceExact }))
}
