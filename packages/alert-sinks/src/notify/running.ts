import type { Batch } from '@mzalert/tail-client'
import { EventEmitter } from 'eventemitter3'
import { isCalled, missingColumn } from '../alerts/columns.js'
import { type ContentOf, contentOf } from '../alerts/content.js'
import { within } from '../delivery/clock.js'
import { Dispatcher, type Noted } from '../delivery/dispatcher.js'
import { Ledger } from '../delivery/ledger.js'
import { loadState } from '../delivery/loader.js'
import { Saver } from '../delivery/saver.js'
import { encodeState, type State } from '../delivery/state.js'
import { closed, noSnapshot, notClosed, SinksError, streamFailed } from '../errors.js'
import type { Change, Phase } from '../lifecycle/instance.js'
import { Lifecycle } from '../lifecycle/lifecycle.js'
import { type Slices, Work } from '../lifecycle/work.js'
import type { Health } from '../metrics/metrics.js'
import { register } from '../metrics/registration.js'
import type { Alert, AlertSource, NotifyEvents, NotifyOptions, Sink, StateStore } from '../types.js'
import { type Inspection, inspectAlerts, inspectSink } from './inspection.js'
import type { Settings } from './settings.js'

/** How long closing may take for what comes after the last send, whatever time is left. */
const lastWordsMs = 1000

/** A notifier at work; see `Notifier`. */
export class RunningNotifier<Row> implements AsyncDisposable {
  readonly events: EventEmitter<NotifyEvents> = new EventEmitter<NotifyEvents>()
  readonly ready: Promise<void>
  readonly #source: AlertSource<Row>
  readonly #settings: Settings
  readonly #options: NotifyOptions<Row>
  readonly #store: StateStore | undefined
  readonly #contentOf: ContentOf<Row>
  readonly #unregister: () => void
  readonly #transitions = { firing: 0, resolved: 0, updated: 0 }
  readonly #stop = new AbortController()
  readonly #running: Promise<void>
  #settleReady: { readonly resolve: () => void; readonly reject: (error: SinksError) => void }
  #lifecycle: Lifecycle<Row> | undefined
  #ledger = new Ledger()
  #dispatcher: Dispatcher | undefined
  #saver: Saver | undefined
  #fallbacks = 0
  #storeFailures = 0
  #isComplete = false
  /** How the stream ended: `final` if the view will never change again. */
  #end: 'final' | 'failed' | undefined
  /** What goes on with the batch that came last. */
  #applying: Promise<void> = Promise.resolve()
  /** A batch that is being taken in: whoever looks at alerts or sinks has the rest of it done first. */
  #taking: Work<Noted | undefined> | undefined
  #lastBatchMs = 0
  #closing: Promise<void> | undefined

  constructor(source: AlertSource<Row>, options: NotifyOptions<Row>, checked: Settings) {
    this.#source = source
    this.#settings = checked
    this.#store = options.store
    this.#options = options
    this.#contentOf = contentOf(options, what => this.#fellBack(what))
    this.#unregister = options.registry ? register(options.registry, () => this.#health()) : noop
    this.#settleReady = { resolve: noop, reject: noop }
    this.ready = new Promise((resolve, reject) => {
      this.#settleReady = { resolve, reject }
    })
    // Who does not wait for it must not be ended by it: `ended` says the same.
    this.ready.catch(noop)
    this.#listenForColumns()
    this.#running = this.#run()
  }

  inspect(): Inspection {
    this.#taking?.finish()
    return {
      name: this.#settings.name,
      isConnected: this.#isConnected,
      frontierMs: this.#lifecycle?.frontierMs ?? 0,
      alerts: inspectAlerts(this.#lifecycle?.instances() ?? []),
      sinks: (this.#dispatcher?.lanes ?? []).map(inspectSink),
    }
  }

  close(): Promise<void> {
    this.#closing ??= this.#close()
    return this.#closing
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close()
  }

  async #close(): Promise<void> {
    const { clock, drainMs, sinks, dryRun, name } = this.#settings
    const deadlineMs = clock.nowMs() + drainMs
    const leftMs = (): number => Math.max(0, deadlineMs - clock.nowMs())
    this.#stop.abort()
    this.#settleReady.reject(closed())
    // A source that cannot be closed must not keep what waits from being sent.
    let closing: PromiseSettledResult<void> | undefined
    const sourceClosed = this.#closeSource().then(settled => {
      closing = settled
    })
    await within(clock, drainMs, this.#applying.catch(noop), noop)
    this.#taking?.finish()
    await this.#dispatcher?.drain(clock, leftMs(), this.#saver !== undefined)
    const sinksClosed = dryRun ? [] : sinks.map(async sink => sink.close?.())
    const ended = Promise.allSettled([sourceClosed, this.#running, this.#saver?.save(), ...sinksClosed])
    const lastMs = Math.max(leftMs(), lastWordsMs)
    await within(clock, lastMs, ended.then(noop), noop)
    this.#unregister()
    if (closing === undefined) throw notClosed(name, drainMs)
    if (closing.status === 'rejected') throw closing.reason
  }

  /** Never rejects. */
  async #run(): Promise<void> {
    const { name } = this.#settings
    // Listeners that are added after `notify()` hear of everything.
    await Promise.resolve()
    try {
      this.#begin(await this.#load())
      if (this.#stop.signal.aborted) return
      for await (const batch of this.#source.batches()) {
        if (this.#stop.signal.aborted) return
        this.#applying = this.#apply(batch)
        await this.#applying
      }
      if (this.#stop.signal.aborted) return
      if (!this.#isComplete) throw noSnapshot(name, 'ended')
      this.#end = 'final'
      this.#guarded(events => events.emit('ended', { error: undefined }))
    } catch (reason) {
      if (this.#stop.signal.aborted) return
      this.#end = 'failed'
      const error = SinksError.is(reason) ? reason : streamFailed(name, reason)
      this.#settleReady.reject(error)
      this.#guarded(events => events.emit('ended', { error }))
      // The failure is what there is to say; a source that cannot be closed after it adds nothing.
      await this.#closeSource()
    }
  }

  /** Never rejects, also if the source throws before it awaits. */
  async #closeSource(): Promise<PromiseSettledResult<void>> {
    const close = async (): Promise<void> => this.#source.close()
    const [settled] = await Promise.allSettled([close()])
    return settled
  }

  async #load(): Promise<State | undefined> {
    const { name, clock, backoff, random, storeTimeoutMs: timeoutMs } = this.#settings
    const store = this.#store
    if (!store) return undefined
    const { signal } = this.#stop
    const onError = (error: SinksError): void => this.#storeFailed(error)
    return await loadState({ store, name, clock, timeoutMs, backoff, random, signal, onError })
  }

  /** Goes on where another process ended, unless it was closed before that was known. */
  #begin(state: State | undefined): void {
    if (this.#stop.signal.aborted) return
    const { clock, now, timing, dryRun } = this.#settings
    const lifecycle = new Lifecycle(
      timing,
      this.#contentOf,
      reason => this.#guarded(events => events.emit('skipped', { reason, what: 'a row' })),
      state,
    )
    this.#lifecycle = lifecycle
    this.#ledger = new Ledger(state?.entries)
    const since = (ms: number | undefined): number => (ms === undefined ? 0 : Math.max(0, now() - ms))
    this.#lastBatchMs = clock.nowMs() - since(state?.knownAtMs)
    const dispatcher = this.#makeDispatcher()
    this.#dispatcher = dispatcher
    if (this.#store && !dryRun)
      this.#saver = this.#makeSaver(this.#store, lifecycle, dispatcher, state?.savedAtMs)
    dispatcher.resume(state?.sinks ?? [], since(state?.savedAtMs))
  }

  #makeDispatcher(): Dispatcher {
    const { clock, now, random, backoff, maxQueued, sinks, dryRun } = this.#settings
    return new Dispatcher(dryRun ? sinks.map(dry) : sinks, {
      ledger: this.#ledger,
      clock,
      now,
      random,
      backoff,
      maxQueued,
      mayResend: status => this.#mayResend(status),
      onDelivered: (sink, alerts) => {
        this.#saver?.later()
        this.#guarded(events => events.emit('delivered', { sink, alerts, isDryRun: dryRun }))
      },
      onRetry: (sink, error, attempt, delayMs) =>
        this.#guarded(events => events.emit('retry', { sink, error, attempt, delayMs })),
      onFailed: (sink, error, alert) => {
        this.#saver?.later()
        this.#guarded(events => events.emit('failed', { sink, error, alert }))
      },
      onFallback: what => this.#fellBack(what),
    })
  }

  #makeSaver(
    store: StateStore,
    lifecycle: Lifecycle<Row>,
    { lanes }: Dispatcher,
    savedBeforeMs: number | undefined,
  ): Saver {
    const { name, clock, now, sinks, storeTimeoutMs: timeoutMs } = this.#settings
    return new Saver({
      store,
      name,
      encode: () => {
        this.#taking?.finish()
        return encodeState({
          // What has lapsed does not become fresh by being saved.
          savedAtMs: lanes.some(({ hasLapsed }) => hasLapsed) ? (savedBeforeMs ?? now()) : now(),
          knownAtMs: now() - (clock.nowMs() - this.#lastBatchMs),
          frontierMs: lifecycle.frontierMs,
          sinks: sinks.map(sink => sink.name),
          instances: lifecycle.stored(),
          entries: [...this.#ledger.entries()],
        })
      },
      clock,
      timeoutMs,
      onError: error => this.#storeFailed(error),
    })
  }

  /** A source that has connected tells its columns, long before the first alert may need them. A schema may make others of them. */
  #listenForColumns(): void {
    this.#source.events?.on('connected', ({ columns }) => {
      const error = missingColumn(
        this.#options,
        columns.map(({ name }) => name),
        isCalled,
      )
      if (error)
        this.#guarded(events => events.emit('skipped', { reason: 'unknown_column', what: error.message }))
    })
  }

  async #apply(batch: Batch<Row>): Promise<void> {
    const { name } = this.#settings
    const [lifecycle, dispatcher] = [this.#lifecycle, this.#dispatcher]
    if (!lifecycle || !dispatcher) return
    if (!this.#isComplete) {
      if (batch.kind !== 'snapshot') throw noSnapshot(name, `began with a batch of ${batch.kind}`)
      const [first] = batch.updates
      const error = first && missingColumn(this.#options, Object.keys(first.row as object))
      if (error) throw error
    }
    await new Work(lifecycle.prepare(batch)).inTurns(turn)
    if (this.#stop.signal.aborted) return
    this.#taking = new Work(this.#take(batch, lifecycle, dispatcher))
    const noted = await this.#taking.inTurns(turn)
    this.#taking = undefined
    if (noted) {
      // What sinks are told must be known to the next process, or nobody would tell them of its end.
      await this.#saver?.save()
      dispatcher.tell(noted)
      for (const { type, alert } of noted.announcements) this.#announce(type, alert)
    }
    if (this.#isComplete) return
    this.#isComplete = true
    this.#settleReady.resolve()
  }

  /** Makes alerts of a batch, and enters what sinks are to be told of it; undefined if there is nothing new. */
  *#take(batch: Batch<Row>, lifecycle: Lifecycle<Row>, dispatcher: Dispatcher): Slices<Noted | undefined> {
    const changes = yield* lifecycle.apply(batch)
    this.#lastBatchMs = this.#settings.clock.nowMs()
    const isNews = changes.length > 0 || batch.updates.length > 0 || !this.#isComplete
    return isNews ? yield* dispatcher.note(changes) : undefined
  }

  #announce(type: Change['type'], alert: Alert): void {
    this.#transitions[type]++
    this.#guarded(events => events.emit(type, alert))
  }

  get #isConnected(): boolean {
    if (this.#end !== undefined) return this.#end === 'final'
    return this.#isComplete && (this.#source.status === undefined || this.#source.status.phase === 'live')
  }

  /** While nobody knows how it is, an end is not said again: another process may know better. */
  #mayResend(status: Alert['status']): boolean {
    if (this.#isConnected) return true
    return status === 'firing' && this.#settings.clock.nowMs() - this.#lastBatchMs < this.#settings.holdForMs
  }

  #fellBack(what: string): void {
    this.#fallbacks++
    this.#guarded(events => events.emit('skipped', { reason: 'template_failed', what }))
  }

  #storeFailed(error: SinksError): void {
    this.#storeFailures++
    this.#guarded(events => events.emit('storeFailed', error))
  }

  #health(): Health {
    this.#taking?.finish()
    const phases: Record<Phase, number> = { pending: 0, firing: 0, kept: 0, quiet: 0 }
    for (const { phase } of this.#lifecycle?.instances() ?? []) phases[phase]++
    const none = { skipped: { label_failed: 0, invalid_label: 0, no_labels: 0 }, flaps: 0, damped: 0 }
    return {
      name: this.#settings.name,
      isConnected: this.#isConnected,
      frontierMs: this.#lifecycle?.frontierMs ?? 0,
      phases,
      collisions: this.#lifecycle?.collisions ?? 0,
      counts: this.#lifecycle?.counts ?? none,
      transitions: this.#transitions,
      fallbacks: this.#fallbacks,
      storeFailures: this.#storeFailures,
      lanes: this.#dispatcher?.lanes ?? [],
    }
  }

  /** A listener that throws must not stop an alert: what it throws is shown as a warning of the process. */
  #guarded(emit: (events: EventEmitter<NotifyEvents>) => void): void {
    try {
      emit(this.events)
    } catch (error) {
      process.emitWarning(error instanceof Error ? error : String(error))
    }
  }
}

/** The same sink, which takes everything and sends nothing. */
function dry(sink: Sink): Sink {
  return { ...sink, send: () => undefined }
}

/** Everything else has its turn. */
function turn(): Promise<void> {
  return new Promise(resolve => setImmediate(resolve))
}

function noop(): void {}
