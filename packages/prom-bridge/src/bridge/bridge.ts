import { EventEmitter } from 'eventemitter3'
import { invalidOption } from '../errors.js'
import { type Format, familySamples, familyText, footer } from '../exposition/format.js'
import { healthFamilies, healthHeaders, labelNamesOf } from '../exposition/health.js'
import { Histogram } from '../exposition/histogram.js'
import type { Selection } from '../exposition/selection.js'
import { gaugeBlock, gaugeSamples, RegisteredMetric } from '../registry/metric.js'
import { hasNoDefaultLabels, Registration } from '../registry/registry.js'
import { plans } from '../series/plan.js'
import { eventLoopTurns, finish, type Steps, type Turn } from '../series/slices.js'
import type { BridgeEvent, BridgeEvents, BridgeOptions, LiveSample, Registry } from '../types.js'
import { openingOf } from './connection.js'
import { HttpHandler, type RequestHandler } from './handler.js'
import { Restart } from './restart.js'
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
  const { registry, now = Date.now, readyMaxLagMs = Number.POSITIVE_INFINITY } = options
  const elapsed = options.elapsed ?? (() => performance.now())
  const events = new EventEmitter<BridgeEvents>()
  const report = reporter(options.onEvent, events)
  const checked = plans(options.views)
  if (registry !== undefined && !isRegistry(registry))
    throw invalidOption(
      'registry',
      registry,
      'a registry of prom-client, @prometheus-io/client or @platformatic/prom-client',
    )
  if (!(typeof readyMaxLagMs === 'number' && readyMaxLagMs > 0))
    throw invalidOption('readyMaxLagMs', readyMaxLagMs, 'milliseconds, more than 0')
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
  const scrapes: Scrapes = { renderSeconds: new Histogram(), lastBytes: undefined }
  const registration = registry && new Registration(registry, metrics(views, scrapes, registry, now))
  const running = new RunningBridge({
    events,
    views,
    scrapes,
    registration,
    now,
    elapsed,
    report,
    turn,
    readyMaxLagMs,
  })
  for (const view of views) void view.run()
  return running
}

/** What was measured of the scrapes of a bridge. */
interface Scrapes {
  readonly renderSeconds: Histogram
  lastBytes: number | undefined
}

/** What a bridge is made of. */
interface Parts {
  readonly events: EventEmitter<BridgeEvents>
  readonly views: readonly View[]
  readonly scrapes: Scrapes
  readonly registration: Registration | undefined
  readonly now: () => number
  readonly elapsed: () => number
  readonly report: (event: BridgeEvent) => void
  readonly turn: Turn
  readonly readyMaxLagMs: number
}

class RunningBridge implements Bridge {
  readonly ready: Promise<void>
  readonly handler: RequestHandler
  readonly #parts: Parts
  readonly #http: HttpHandler
  #closing: Promise<void> | undefined

  constructor(parts: Parts) {
    this.#parts = parts
    const http = new HttpHandler({
      ...parts,
      exposition: (selection, format) => this.#exposition(selection, format),
    })
    this.#http = http
    this.handler = (request, response, next) => http.handle(request, response, next)
    this.ready = Promise.all(parts.views.map(view => view.ready)).then(() => undefined)
    // Who does not wait for it must not be ended by it: failures are reported as events too.
    this.ready.catch(() => {})
  }

  get events(): Bridge['events'] {
    return this.#parts.events
  }

  get labelNames(): readonly string[] {
    return labelNamesOf(this.#parts.views.map(({ plan }) => plan))
  }

  metrics(): string {
    return Buffer.concat(finish(this.#exposition(everything, 'text'))).toString()
  }

  samples(): Iterable<LiveSample> {
    const { views, scrapes, now } = this.#parts
    const nowMs = now()
    const gauges = views.filter(({ isExported }) => isExported).map(({ gauge }) => gauge.samples(nowMs))
    const health = healthFamilies(
      views.map(view => view.health()),
      scrapes,
      nowMs,
    )
    return (function* () {
      for (const samples of gauges) yield* samples
      for (const family of health) yield* familySamples(family)
    })()
  }

  close(): Promise<void> {
    this.#closing ??= this.#close()
    return this.#closing
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close()
  }

  async #close(): Promise<void> {
    this.#parts.registration?.remove()
    this.#http.close()
    const closed = await Promise.allSettled(this.#parts.views.map(view => view.close()))
    for (const result of closed) if (result.status === 'rejected') throw result.reason
  }

  /** Views without their first snapshot, or not held any more, are not there at all. What is exported is what is so now, however long it takes. */
  #exposition({ views: chosen, names }: Selection, format: Format): Steps<readonly Uint8Array[]> {
    const nowMs = this.#parts.now()
    const views = this.#parts.views.filter(({ plan }) => chosen?.has(plan.view) ?? true)
    const gauges = views
      .filter(({ isExported, plan }) => isExported && (names?.has(plan.name) ?? true))
      .map(({ gauge }) => gauge.bytes(nowMs, gauge.current, format))
    const health = views.map(view => view.health())
    const families = healthFamilies(health, this.#parts.scrapes, nowMs).filter(
      ({ name }) => names?.has(name) ?? true,
    )
    const texts = families.map(family => familyText(family, format))
    const about = Buffer.from(texts.join('') + footer(format))
    return this.#rendered(gauges, about)
  }

  *#rendered(
    gauges: readonly Steps<readonly Uint8Array[]>[],
    about: Uint8Array,
  ): Steps<readonly Uint8Array[]> {
    const startMs = this.#parts.elapsed()
    const chunks: Uint8Array[] = []
    for (const gauge of gauges) for (const chunk of yield* gauge) chunks.push(chunk)
    chunks.push(about)
    this.#parts.scrapes.renderSeconds.observe((this.#parts.elapsed() - startMs) / 1000)
    this.#parts.scrapes.lastBytes = chunks.reduce((sum, { byteLength }) => sum + byteLength, 0)
    return chunks
  }
}

const everything: Selection = { views: undefined, names: undefined }

/** A metric for each view and for each family about the bridge itself. */
function metrics(
  views: readonly View[],
  scrapes: Scrapes,
  registry: Registry,
  now: () => number,
): readonly RegisteredMetric[] {
  const gauges = views.map(view => {
    const { gauge, plan } = view
    return new RegisteredMetric(
      { name: plan.name, help: plan.help, type: 'gauge' },
      {
        samples: () => (view.isExported ? gaugeSamples(gauge, now()) : []),
        block: () => {
          if (!view.isExported) return []
          return (hasNoDefaultLabels(registry) ? gaugeBlock : gaugeSamples)(gauge, now())
        },
      },
    )
  })
  const health = healthHeaders.map((header, index) => {
    const samples = (): ReturnType<typeof gaugeSamples> =>
      healthFamilies(
        views.map(view => view.health()),
        scrapes,
        now(),
      )[index]?.samples ?? []
    return new RegisteredMetric(header, { samples })
  })
  return [...gauges, ...health]
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

/** A log that throws must not stop a stream: what it throws is shown as a warning of the process. */
function reporter(
  onEvent: BridgeOptions['onEvent'],
  events: EventEmitter<BridgeEvents>,
): (event: BridgeEvent) => void {
  return event => {
    try {
      onEvent?.(event)
      emit(events, event)
    } catch (error) {
      process.emitWarning(error instanceof Error ? error : String(error))
    }
  }
}

/** TypeScript does not see that a type and its event go together. */
function emit(events: EventEmitter<BridgeEvents>, event: BridgeEvent): void {
  ;(events as { readonly emit: (type: string, event: BridgeEvent) => boolean }).emit(event.type, event)
}
