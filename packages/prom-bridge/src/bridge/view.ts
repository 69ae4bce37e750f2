import { type Batch, TailError, type TailEvents, type UnknownRow } from '@mzalert/tail-client'
import { BridgeError, closed, noSnapshot, streamFailed } from '../errors.js'
import { type Edition, Gauge } from '../exposition/gauge.js'
import type { ViewHealth } from '../exposition/health.js'
import { Histogram } from '../exposition/histogram.js'
import type { ViewModel } from '../page/model.js'
import type { Delta, StoreCounts } from '../series/delta.js'
import { checkColumns, type Plan } from '../series/plan.js'
import { inSlices, type Turn } from '../series/slices.js'
import { SeriesStore } from '../series/store.js'
import { Transitions } from '../series/transitions.js'
import type { BridgeEvent, ViewState } from '../types.js'
import type { OpenedSource, Opening } from './connection.js'
import type { Restart } from './restart.js'
import { Newest } from './table.js'

/** The frontier of what never changes again: the greatest timestamp there is. */
const endOfTimeMs = 2 ** 64

/** What a view has around it. */
export interface ViewSurroundings {
  readonly report: (event: BridgeEvent) => void
  readonly turn: Turn
  /** Milliseconds since 1970. */
  readonly now: () => number
  /** Milliseconds of a clock that is never set: for how long something took, or is so. */
  readonly elapsed: () => number
  /** Undefined where what failed stays so. */
  readonly restart: Restart | undefined
}

/**
 * One view at work. Its source's batches go one after the other, in slices, into its store and the next edition of its gauge;
 * when all of a batch is there, everything that can be seen of it becomes visible in one turn.
 */
export class View {
  readonly plan: Plan
  readonly gauge: Gauge
  /** Resolves with the first snapshot. Rejects if the stream fails, the snapshot breaks a policy, or the view is closed, before it. */
  readonly ready: Promise<void>
  readonly #opening: Opening
  readonly #around: ViewSurroundings
  readonly #store: SeriesStore
  readonly #transitions = new Transitions()
  readonly #newest = new Newest()
  readonly #applySeconds = new Histogram()
  readonly #retries = new Map([['connection_lost', 0]])
  readonly #isAlert: boolean
  #source: OpenedSource
  /** Of the source whose rows are held. */
  #shape: string | undefined
  #settleReady: { readonly resolve: () => void; readonly reject: (error: BridgeError) => void }
  #counts: StoreCounts
  #isComplete = false
  #lastBatchMs: number | undefined
  /** When what is shown was current last, by the clock that is never set. */
  #currentMs = 0
  /** How often the source had connected again when the last batch that is shown came from it. */
  #reconnects = 0
  #frontierMs: number | undefined
  #pending = 0
  /** Updates that were applied and may not be seen. */
  #held = 0
  #failure: BridgeError | undefined
  #blocked: BridgeError | undefined
  #isFinal = false
  #isClosed = false
  #changes = 0
  #model: ViewModel | undefined

  constructor(plan: Plan, opening: Opening, around: ViewSurroundings) {
    const { value, collisions } = plan
    this.plan = plan
    this.gauge = new Gauge(plan.name, plan.help, plan.isAge)
    this.#isAlert = value === undefined && collisions !== 'count' && collisions !== 'sum'
    this.#opening = opening
    this.#around = around
    this.#source = opening.open(this.#onRetry)
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
    if (this.#blocked) return 'blocked'
    if (!this.#isComplete) return 'starting'
    if (this.#isFinal) return 'live'
    const { status } = this.#source
    // Connected again is not current again: what is shown is from before, until a batch of the new connection is.
    const isConnected =
      status === undefined || (status.phase === 'live' && status.reconnects === this.#reconnects)
    return isConnected && this.#unconfirmedMs <= this.plan.staleAfterMs ? 'live' : 'stale'
  }

  /** Milliseconds since 1970; undefined before the first snapshot. */
  get frontierMs(): number | undefined {
    return this.#frontierMs
  }

  /** Whether its samples are exported: from its first snapshot on, and while they are not current as long as they are held. */
  get isExported(): boolean {
    return this.#isComplete && (this.state === 'live' || this.#unconfirmedMs < this.plan.holdForMs)
  }

  /** Whether there is to be no scrape at all, because what it would have is not current. */
  get failsScrape(): boolean {
    return this.plan.failsScrape && this.state !== 'live' && this.state !== 'starting'
  }

  /** What keeps it from being current, if it is more than its connection. */
  get problem(): BridgeError | undefined {
    return this.#failure ?? this.#blocked
  }

  /** Consumes the source until it ends or is closed; opens another one after a failure, where that may help. Never rejects. */
  async run(): Promise<void> {
    const { report, restart } = this.#around
    for (;;) {
      try {
        return await this.#consume()
      } catch (error) {
        if (this.#isClosed) return
        const failure = BridgeError.is(error) ? error : streamFailed(this.plan.view, error)
        const isOver = restart === undefined || !this.#opening.canOpenAgain(error)
        if (this.#failure?.message !== failure.message) this.#changes++
        this.#failure = failure
        this.#settleReady.reject(failure)
        report({
          type: 'failed',
          view: this.plan.view,
          error: failure,
          ...(isOver ? {} : { delayMs: restart.delayMs }),
        })
        // The failure is what there is to say; a source that cannot be closed after it adds nothing.
        await this.#source.close().catch(() => {})
        if (isOver) return
        await restart.wait()
        if (this.#isClosed) return
        this.#count(failure)
        this.#source = this.#opening.open(this.#onRetry)
      }
    }
  }

  async close(): Promise<void> {
    this.#isClosed = true
    this.#around.restart?.stop()
    this.#settleReady.reject(closed())
    await this.#source.close()
  }

  health(): ViewHealth {
    const { total, fired } = this.#transitions
    const { status } = this.#source
    const [first] = this.#retries.values()
    const isCounted = this.#retries.size > 1 || first !== 0 || status === undefined
    return {
      view: this.plan.view,
      isUp: this.state === 'live',
      isComplete: this.#isComplete,
      frontierMs: this.#frontierMs,
      reconnects: isCounted ? this.#retries : new Map([['connection_lost', status.reconnects]]),
      phase: this.#isFinal ? 'ended' : (status?.phase ?? (this.#isComplete ? 'live' : 'snapshot')),
      unappliedUpdates: this.#pending + this.#held,
      lastBatchMs: this.#lastBatchMs,
      applySeconds: this.#applySeconds,
      alerts: this.#isAlert ? { firing: this.#alive, fired, resolved: total - fired } : undefined,
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

  async #consume(): Promise<void> {
    const { view } = this.plan
    let isFirst = true
    for await (const batch of wholeBatches(this.#source.batches())) {
      if (this.#isClosed) return
      // A view of alerts is empty most of the time: a wrong column must not wait for the first alert.
      if (isFirst) {
        if (batch.kind !== 'snapshot') throw noSnapshot(view, `began with a batch of ${batch.kind}`)
        if (this.#source.columns) checkColumns(this.plan, this.#source.columns)
        if (this.#source.shape !== this.#shape) this.#store.columnsChanged()
        this.#shape = this.#source.shape
      }
      isFirst = false
      await this.#apply(batch)
    }
    if (this.#isClosed) return
    if (isFirst) throw noSnapshot(view, 'ended')
    this.#isFinal = this.#blocked === undefined
    if (this.#isFinal) this.#frontierMs = endOfTimeMs
    this.#around.report({ type: 'ended', view })
  }

  async #apply(batch: Batch<UnknownRow>): Promise<void> {
    const { turn, now, elapsed } = this.#around
    const startMs = elapsed()
    const reconnects = this.#source.status?.reconnects ?? 0
    this.#pending = batch.updates.length
    this.#lastBatchMs = now()
    try {
      const delta = await inSlices(this.#store.apply(batch), turn)
      const edition = await inSlices(this.gauge.next(delta), turn)
      const alive = edition.length - delta.counts.zeros
      if (!delta.blocked) await inSlices(this.#newest.next(delta, edition, alive), turn)
      if (!this.#isClosed) this.#publish(batch, delta, edition, reconnects)
    } finally {
      this.#pending = 0
      this.#applySeconds.observe((elapsed() - startMs) / 1000)
    }
  }

  #publish(batch: Batch<UnknownRow>, delta: Delta, edition: Edition, reconnects: number): void {
    const { report, now, elapsed, restart } = this.#around
    const { view } = this.plan
    const { blocked, counts } = delta
    // A snapshot that comes later states far more than it changes.
    const updates = updatesIn(counts) - updatesIn(this.#counts)
    const wasLost = this.#failure !== undefined || reconnects !== this.#reconnects
    this.#lastBatchMs = now()
    this.#reconnects = reconnects
    this.#failure = undefined
    this.#counts = counts
    restart?.succeeded()
    if (blocked) {
      this.#held += updates
      this.#settleReady.reject(blocked)
      if (!this.#blocked) report({ type: 'blocked', view, error: blocked })
      if (this.#blocked?.message !== blocked.message) this.#changes++
      this.#blocked = blocked
      return
    }
    const wasBlocked = this.#blocked !== undefined
    this.#blocked = undefined
    this.#held = 0
    this.gauge.publish(edition)
    this.#transitions.record(delta)
    this.#frontierMs = Number(batch.upper)
    this.#currentMs = elapsed()
    if (delta.added.length + delta.removed.length + delta.changed.length > 0) {
      this.#newest.publish()
      this.#changes++
    }
    const isCaughtUp = this.#isComplete && wasLost && batch.kind === 'snapshot'
    if (isCaughtUp || batch.kind === 'reconciled') report({ type: 'reconciled', view, updates })
    if (wasBlocked) report({ type: 'unblocked', view })
    if (this.#isComplete) return
    this.#isComplete = true
    this.#settleReady.resolve()
    report({ type: 'snapshot', view, rows: this.#counts.rows })
  }

  /** How long what is shown has not been confirmed: by a batch, of which one of progress is enough. */
  get #unconfirmedMs(): number {
    return this.#around.elapsed() - this.#currentMs
  }

  readonly #onRetry: TailEvents['retry'] = retry => {
    this.#count(retry.error)
    this.#around.report({ type: 'retry', view: this.plan.view, ...retry })
  }

  /** Of what a reconnect is counted as the reason. */
  #count(error: Error): void {
    const cause = TailError.is(error.cause) ? error.cause : error
    const reason = 'code' in cause ? String(cause.code).toLowerCase() : 'unknown'
    this.#retries.set(reason, (this.#retries.get(reason) ?? 0) + 1)
  }

  /** Series with rows: those that are kept at 0 have none. */
  get #alive(): number {
    return this.gauge.current.length - this.#counts.zeros
  }

  #newModel(version: string): ViewModel {
    const { view, help, labelNames } = this.plan
    const nowMs = this.#around.now()
    return {
      view,
      help,
      state: this.state,
      problem: this.problem?.message,
      isAlert: this.#isAlert,
      labelNames,
      total: this.#alive,
      rows: this.#newest.rows(this.#isAlert, value => this.gauge.valueAt(value, nowMs)),
      transitions: this.#transitions.latest,
      transitionsTotal: this.#transitions.total,
      frontierMs: this.#frontierMs,
      version,
    }
  }
}

function updatesIn({ insertsTotal, deletesTotal }: StoreCounts): number {
  return insertsTotal + deletesTotal
}

/** A batch that comes in parts is seen as a whole or not at all: its parts are put together first. */
async function* wholeBatches(
  batches: AsyncIterable<Batch<UnknownRow>>,
): AsyncGenerator<Batch<UnknownRow>, void, void> {
  let parts: Batch<UnknownRow>['updates'][] = []
  for await (const batch of batches) {
    if (batch.part) parts.push(batch.updates)
    if (batch.part && !batch.part.isLast) continue
    yield batch.part ? { ...batch, updates: parts.flat() } : batch
    parts = []
  }
}
