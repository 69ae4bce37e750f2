import { EventEmitter } from 'eventemitter3'
import { invalidOption } from '../errors.js'
import { noLabels } from '../exposition/common.js'
import { labelNamesOf } from '../exposition/health.js'
import { Registration } from '../registry/registry.js'
import { plans } from '../series/plan.js'
import { eventLoopTurns, finish } from '../series/slices.js'
import type { BridgeEvent, BridgeEvents, BridgeOptions, LiveSample, Registry } from '../types.js'
import { openingOf } from './connection.js'
import { HttpHandler, type RequestHandler, type Served } from './handler.js'
import { Restart } from './restart.js'
import { Scrapes } from './scrapes.js'
import { View } from './view.js'

/** A running bridge; made by `bridge()`. */
export interface Bridge extends AsyncDisposable {
  /** What happens, by its type. An 'error' nobody listens to does not exist here, and a listener that throws is a process warning. */
  readonly events: Pick<EventEmitter<BridgeEvents>, 'on' | 'once' | 'off'>
  /**
   * Resolves when the first snapshot of every view is applied. Rejects with the first error that ends a view before that, or with
   * `CLOSED`; nobody needs to listen.
   */
  readonly ready: Promise<void>
  /**
   * `/metrics` (with those of the registry, if one was given), `/-/healthy`, `/-/ready` (503 before `ready`), `/api/alerts` as JSON or
   * as server-sent events, as `Accept` has it, and at `/` a page of what fires now, kept current by `/events`. Answers GET and HEAD.
   *
   * `/metrics` is OpenMetrics or the text format, compressed or not, as the request accepts; `?view=` and `?name[]=` select. It is made
   * in slices: however many series there are, the event loop is held for one slice of work at a time.
   */
  readonly handler: RequestHandler
  /** Our metrics as they are now, in the text format: one state, never the middle of a batch. Made in one turn, at any size. */
  metrics(): string
  /** Every series of ours, one after the other, as all of them are at the call: what comes meanwhile changes nothing. */
  samples(): Iterable<LiveSample>
  /** The names of all labels that a series of ours may have. */
  readonly labelNames: readonly string[]
  /** Closes the streams and the pages that are open, and takes our metrics out of the registry. Idempotent. */
  close(): Promise<void>
}

/**
 * Makes every row of the views a sample of a gauge, and keeps it so: the row appears, the series appears; the row goes, the series
 * goes. Connects at once, and reconnects by itself.
 *
 * A scrape sees a view before or after a batch, never in between; nothing of a view before its first snapshot; and whatever was
 * known last while it is disconnected.
 *
 * Throws, before anything connects: `INVALID_OPTION`, `INVALID_NAME`, and `NAME_TAKEN` for a name that two views, or a view and a
 * metric of the registry, would share.
 *
 * @example
 * const b = bridge({
 *   connection: 'postgres://materialize@127.0.0.1:6875/materialize',
 *   views: [{ view: 'organization_alert', labels: { alert_cond: 'alert_cond', organization: 'labels' } }],
 * })
 * await b.ready
 * http.createServer(b.handler).listen(9884, '127.0.0.1')
 */
export function bridge(options: BridgeOptions): Bridge {
  const { registry, now = Date.now, elapsed = performance.now.bind(performance) } = options
  const { readyMaxLagMs = Number.POSITIVE_INFINITY, stalledMs = 30_000 } = options
  const events = new EventEmitter<BridgeEvents>()
  const report = reporter(options.onEvent, events)
  const checked = plans(options.views)
  if (registry !== undefined && !isRegistry(registry))
    throw invalidOption(
      'registry',
      registry,
      'a registry of prom-client, @prometheus-io/client or @platformatic/prom-client',
    )
  for (const [name, value] of Object.entries({ readyMaxLagMs, stalledMs }))
    if (!(typeof value === 'number' && value > 0))
      throw invalidOption(name, value, 'milliseconds, more than 0')
  const turn = eventLoopTurns()
  const views = checked.map(
    plan =>
      new View(plan, openingOf(plan.options, options), {
        report,
        turn,
        now,
        elapsed,
        restart: options.restart === false ? undefined : new Restart(options.restart),
      }),
  )
  const scrapes = new Scrapes(views, { now, elapsed })
  const registration = registry && new Registration(registry, scrapes.metricsFor(registry))
  const served = { views, scrapes, registration, now, elapsed, report, turn, readyMaxLagMs, stalledMs }
  const running = new RunningBridge(events, served)
  for (const view of views) void view.run()
  return running
}

class RunningBridge implements Bridge {
  readonly events: Bridge['events']
  readonly ready: Promise<void>
  readonly handler: RequestHandler
  readonly #served: Served
  readonly #http: HttpHandler
  #closing: Promise<void> | undefined

  constructor(events: Bridge['events'], served: Served) {
    this.events = events
    this.#served = served
    const http = new HttpHandler(served)
    this.#http = http
    this.handler = (request, response, next) => http.handle(request, response, next)
    this.ready = Promise.all(served.views.map(view => view.ready)).then(() => undefined)
    // Who does not wait for it must not be ended by it: failures are reported as events too.
    this.ready.catch(() => {})
  }

  get labelNames(): readonly string[] {
    return labelNamesOf(this.#served.views.map(({ plan }) => plan))
  }

  metrics(): string {
    const everything = { views: undefined, names: undefined }
    const exposition = this.#served.scrapes.exposition({
      selection: everything,
      format: 'text',
      common: noLabels,
    })
    return Buffer.concat(finish(exposition)).toString()
  }

  samples(): Iterable<LiveSample> {
    return this.#served.scrapes.samples()
  }

  close(): Promise<void> {
    this.#closing ??= this.#close()
    return this.#closing
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close()
  }

  async #close(): Promise<void> {
    this.#served.registration?.remove()
    this.#http.close()
    const closed = await Promise.allSettled(this.#served.views.map(view => view.close()))
    for (const result of closed) if (result.status === 'rejected') throw result.reason
  }
}

function isRegistry(registry: unknown): registry is Registry {
  if (typeof registry !== 'object' || registry === null) return false
  const wanted = [
    'registerMetric',
    'removeSingleMetric',
    'getSingleMetric',
    'getSingleMetricAsString',
    'getMetricsAsArray',
    'metrics',
  ]
  return wanted.every(name => typeof Reflect.get(registry, name) === 'function')
}

/** A log that throws must neither stop a stream nor keep listeners from hearing: what it throws is shown as a warning of the process. */
function reporter(
  onEvent: BridgeOptions['onEvent'],
  events: EventEmitter<BridgeEvents>,
): (event: BridgeEvent) => void {
  const attempt = (tell: () => void): void => {
    try {
      tell()
    } catch (error) {
      process.emitWarning(error instanceof Error ? error : String(error))
    }
  }
  return event => {
    attempt(() => onEvent?.(event))
    attempt(() => emit(events, event))
  }
}

/** TypeScript does not see that a type and its event go together. */
function emit(events: EventEmitter<BridgeEvents>, event: BridgeEvent): void {
  ;(events as { readonly emit: (type: string, event: BridgeEvent) => boolean }).emit(event.type, event)
}
