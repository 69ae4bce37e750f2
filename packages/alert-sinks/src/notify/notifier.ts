import type { Batch } from '@mzalert/tail-client'
import { EventEmitter } from 'eventemitter3'
import { type ContentOf, contentOf } from '../alerts/content.js'
import { delayMs } from '../delivery/backoff.js'
import { within } from '../delivery/clock.js'
import { Dispatcher } from '../delivery/dispatcher.js'
import { alertOf, Ledger } from '../delivery/ledger.js'
import { Saver } from '../delivery/saver.js'
import { decodeState, encodeState, type State } from '../delivery/state.js'
import { closed, noSnapshot, SinksError, stateFailed, streamFailed } from '../errors.js'
import type { Change, Phase } from '../lifecycle/instance.js'
import { Lifecycle } from '../lifecycle/lifecycle.js'
import type { Health } from '../metrics/metrics.js'
import { register } from '../metrics/registration.js'
import type { Alert, AlertSource, NotifyEvents, NotifyOptions, Sink, StateStore } from '../types.js'
import { type Inspection, inspectAlerts, inspectSink } from './inspection.js'
import { type Settings, settings } from './settings.js'

/** Alerts on their way from a view to sinks; made by `notify()`. */
export interface Notifier extends AsyncDisposable {
  readonly events: EventEmitter<NotifyEvents>
  /**
   * Resolves when the first snapshot is compared with what was stored. Rejects with the error that came before that, or with `CLOSED`;
   * nobody needs to listen.
   */
  readonly ready: Promise<void>
  /** Alerts, queues and sinks as they are now. */
  inspect(): Inspection
  /** Closes the source, sends what is left for `drainMs`, and saves. What fires is not resolved by it. Idempotent. */
  close(): Promise<void>
}

/**
 * Tells sinks of the rows of a view as alerts: a row appears and its alert fires; it goes, and the alert is resolved. Begins at once.
 *
 * Every alert that fires reaches every sink at least once, and so does its end, across restarts (with a `store`) and outages of sinks.
 * Where a sink could not be reached meanwhile, the newest state stands for those before it. Nothing is resolved because of a disconnect.
 *
 * Throws `INVALID_OPTION` and `NAME_TAKEN` before anything happens.
 *
 * @example
 * await using alerts = notify(tail('organization_alert', { connection }), {
 *   name: 'organization_alert',
 *   labels: { organization: 'labels' },
 *   annotations: { summary: 'Organization {{ labels }} deploys more than usual' },
 *   sinks: [alertmanager({ url: 'http://alertmanager:9093' })],
 *   store: fileStore('/var/lib/alerts'),
 * })
 */
export function notify<Row>(source: AlertSource<Row>, options: NotifyOptions<Row>): Notifier {
  const checked = settings(options)
  return new RunningNotifier(source, options, checked)
}

class RunningNotifier<Row> implements Notifier {
  readonly events: EventEmitter<NotifyEvents> = new EventEmitter<NotifyEvents>()
  readonly ready: Promise<void>
  readonly #source: AlertSource<Row>
  readonly #settings: Settings
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
  #isFinal = false
  #lastBatchMs = 0
  #closing: Promise<void> | undefined

  constructor(source: AlertSource<Row>, options: NotifyOptions<Row>, checked: Settings) {
    this.#source = source
    this.#settings = checked
    this.#store = options.store
    this.#contentOf = contentOf(options, what => {
      this.#fallbacks++
      this.#guarded(events => events.emit('skipped', { reason: 'template_failed', what }))
    })
    this.#unregister = options.registry ? register(options.registry, () => this.#health()) : () => {}
    this.#settleReady = { resolve: () => {}, reject: () => {} }
    this.ready = new Promise((resolve, reject) => {
      this.#settleReady = { resolve, reject }
    })
    // Who does not wait for it must not be ended by it: `ended` says the same.
    this.ready.catch(() => {})
    this.#running = this.#run()
  }

  inspect(): Inspection {
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
    const { clock, drainMs, sinks, dryRun } = this.#settings
    this.#stop.abort()
    this.#settleReady.reject(closed())
    // A source that cannot be closed must not keep what waits from being sent.
    const [closing] = await Promise.allSettled([this.#source.close()])
    await within(clock, drainMs, this.#running, () => {})
    await this.#dispatcher?.drain(clock, drainMs, this.#saver !== undefined)
    if (!dryRun) await Promise.allSettled(sinks.map(async sink => sink.close?.()))
    await this.#saver?.save()
    this.#unregister()
    if (closing.status === 'rejected') throw closing.reason
  }

  /** Never rejects. */
  async #run(): Promise<void> {
    const { name } = this.#settings
    // Listeners that are added after `notify()` hear of everything.
    await Promise.resolve()
    try {
      const isBegun = await this.#begin()
      if (!isBegun) return
      for await (const batch of this.#source.batches()) {
        if (this.#stop.signal.aborted) return
        await this.#apply(batch)
      }
      if (this.#stop.signal.aborted) return
      if (!this.#isComplete) throw noSnapshot(name, 'ended')
      this.#isFinal = true
      this.#guarded(events => events.emit('ended', { error: undefined }))
    } catch (reason) {
      if (this.#stop.signal.aborted) return
      const error = SinksError.is(reason) ? reason : streamFailed(name, reason)
      this.#settleReady.reject(error)
      this.#guarded(events => events.emit('ended', { error }))
      // The failure is what there is to say; a source that cannot be closed after it adds nothing.
      await this.#source.close().catch(() => {})
    }
  }

  /** Goes on where another process ended; false if it was closed before that was known. */
  async #begin(): Promise<boolean> {
    const { clock, now, random, backoff, maxQueued, timing, sinks, dryRun, name, storeTimeoutMs } =
      this.#settings
    const state = await this.#load()
    if (this.#stop.signal.aborted) return false
    const onSkip = (reason: Parameters<NotifyEvents['skipped']>[0]['reason']): void =>
      this.#guarded(events => events.emit('skipped', { reason, what: 'a row' }))
    const lifecycle = new Lifecycle(timing, this.#contentOf, onSkip, state)
    this.#lifecycle = lifecycle
    this.#ledger = new Ledger(state?.entries)
    this.#lastBatchMs = clock.nowMs()
    const dispatcher = new Dispatcher(dryRun ? sinks.map(dry) : sinks, {
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
    })
    this.#dispatcher = dispatcher
    if (this.#store && !dryRun)
      this.#saver = new Saver({
        store: this.#store,
        name,
        encode: () =>
          encodeState({
            frontierMs: lifecycle.frontierMs,
            sinks: sinks.map(sink => sink.name),
            instances: lifecycle.stored(),
            entries: [...this.#ledger.entries()],
          }),
        clock,
        timeoutMs: storeTimeoutMs,
        onError: error => this.#storeFailed(error),
      })
    dispatcher.resume(state?.sinks ?? [])
    return true
  }

  /** A store that cannot be reached is waited for: without what it has, nobody would hear of what ended meanwhile. */
  async #load(): Promise<State | undefined> {
    const { name, clock, backoff, random } = this.#settings
    const { signal } = this.#stop
    for (let attempt = 1; this.#store && !signal.aborted; attempt++)
      try {
        const text = await this.#store.load(name)
        return text === undefined
          ? undefined
          : decodeState(text, `The stored state of ${JSON.stringify(name)}`)
      } catch (error) {
        if (SinksError.is(error) && !error.retryable) throw error
        this.#storeFailed(SinksError.is(error) ? error : stateFailed('Loading the state', error))
        await new Promise<void>(resolve => {
          const timer = clock.setTimer(resolve, delayMs(attempt, undefined, backoff, random))
          signal.addEventListener('abort', () => [timer.clear(), resolve()], { once: true })
        })
      }
    return undefined
  }

  async #apply(batch: Batch<Row>): Promise<void> {
    const { name, clock } = this.#settings
    if (!this.#isComplete && batch.kind !== 'snapshot')
      throw noSnapshot(name, `began with a batch of ${batch.kind}`)
    for (const _slice of this.#lifecycle?.prepare(batch) ?? [])
      await new Promise(resolve => setImmediate(resolve))
    if (this.#stop.signal.aborted) return
    const changes = this.#lifecycle?.apply(batch) ?? []
    this.#lastBatchMs = clock.nowMs()
    const isNews = changes.length > 0 || batch.updates.length > 0 || !this.#isComplete
    if (isNews) {
      const entries = this.#dispatcher?.note(changes) ?? []
      // What sinks are told must be known to the next process, or nobody would tell them of its end.
      await this.#saver?.save()
      this.#dispatcher?.tell(entries)
      for (const change of changes) this.#announce(change)
    }
    if (this.#isComplete) return
    this.#isComplete = true
    this.#settleReady.resolve()
  }

  #announce(change: Change): void {
    this.#transitions[change.type]++
    const status: Alert['status'] = change.type === 'resolved' ? 'resolved' : 'firing'
    const reason = change.type === 'updated' ? 'update' : 'transition'
    this.#guarded(events =>
      events.emit(change.type, alertOf({ ...change, status }, reason, this.#settings.now())),
    )
  }

  get #isConnected(): boolean {
    if (this.#isFinal) return true
    return this.#isComplete && (this.#source.status === undefined || this.#source.status.phase === 'live')
  }

  /** While nobody knows how it is, an end is not said again: another process may know better. */
  #mayResend(status: Alert['status']): boolean {
    if (this.#isConnected) return true
    return status === 'firing' && this.#settings.clock.nowMs() - this.#lastBatchMs < this.#settings.holdForMs
  }

  #storeFailed(error: SinksError): void {
    this.#storeFailures++
    this.#guarded(events => events.emit('storeFailed', error))
  }

  #health(): Health {
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
