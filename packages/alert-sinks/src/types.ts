import type { Batch, Clock, TailStatus, UnknownRow } from '@mzalert/tail-client'
import type { SinksError } from './errors.js'

/** An alert as a sink gets it. Its labels are its identity; everything else about it may change while it fires. */
export interface Alert {
  readonly status: 'firing' | 'resolved'
  /** Alertmanager's own: FNV-1a 64 of the label set, 16 hexadecimal digits. */
  readonly fingerprint: string
  /** By name; no value is empty. */
  readonly labels: Readonly<Record<string, string>>
  readonly annotations: Readonly<Record<string, string>>
  /** What is called how: absolute URLs. */
  readonly links: Readonly<Record<string, string>>
  /** An absolute URL to where the alert comes from. */
  readonly generatorURL: string | undefined
  /** Milliseconds since 1970. */
  readonly startsAtMs: number
  /** Milliseconds since 1970, never before `startsAtMs`; undefined while it fires. */
  readonly endsAtMs: number | undefined
  /** Why it is sent: it began or ended, its text changed, or the sink wants to hear of it regularly. */
  readonly reason: 'transition' | 'update' | 'resend'
}

/** What a sink is given besides alerts. */
export interface SendContext {
  /**
   * Aborted when the time for an answer is over, or when everything is closed. Whoever goes on nevertheless, or leaves something that
   * arrives later, breaks the order: the next call may be about the same alert.
   */
  readonly signal: AbortSignal
  /** Milliseconds since 1970. */
  readonly nowMs: number
  /** To be told of a text that could not be made of an alert, so that another stands in for it: it is counted and emitted as `skipped`. */
  readonly onFallback?: (what: string) => void
}

/**
 * Sends alerts, all of them, and resolves when the other side has them. What it throws is tried again, not before its `retryAfterMs`,
 * unless it is an object with `retryable: false`: then the alerts cannot be sent as they are, and the one at fault is found by sending
 * fewer at a time. It is given up if the sink takes others; a sink that takes none is tried again.
 * The same alert may come more than once: sending must be idempotent by fingerprint, `startsAtMs` and status.
 */
export type SendAlerts = (alerts: readonly Alert[], context: SendContext) => unknown

/** How a sink hears of what did not change. Times are in milliseconds. */
export interface ResendOptions {
  /** Alerts that fire are sent again so often, in the words that the sink took last. */
  readonly everyMs: number
  /** Those that are resolved, too, until so long after their end was sent first. */
  readonly resolvedForMs: number
  /** When the sink takes an alert that fires for over if it does not hear of it. Default: four times `everyMs`. */
  readonly lapsesAfterMs?: number
}

/** A destination of alerts. `alertmanager()`, `slack()` and the others make them; a function alone will do. */
export interface Sink {
  /** What it is called in events, metrics and in the stored state; each sink has its own. */
  readonly name: string
  readonly send: SendAlerts
  /** Alerts in one call at most. Default: 256. */
  readonly batchSize?: number
  /** Calls at the same time at most; never two with the same alert. Default: 1. */
  readonly concurrency?: number
  /** From the beginning of one call to the beginning of the next, whatever the calls are for, in milliseconds. Default: 0. */
  readonly minIntervalMs?: number
  /** Longest time for one call, in milliseconds. Default: 10 000. */
  readonly timeoutMs?: number
  /** Whether it hears of a changed text of an alert that fires. Default: true. */
  readonly updates?: boolean
  /** Default: what did not change is not sent again. */
  readonly resend?: ResendOptions
  /** Called once, after the last send. */
  readonly close?: () => Promise<void>
}

/** Where the batches come from: a `tail()`, or anything that keeps its promises. The first batch must be the `snapshot`. */
export interface AlertSource<Row = UnknownRow> {
  batches(): AsyncIterable<Batch<Row>>
  close(): Promise<void>
  /** Without it, the source counts as connected. */
  readonly status?: Pick<TailStatus, 'phase'> | undefined
  /** With it, columns that are named and not there are told when it connects, instead of with the first rows. */
  readonly events?: SourceEvents | undefined
}

/** What is used of the events of a `tail()`. */
export interface SourceEvents {
  on(
    event: 'connected',
    listener: (event: { readonly columns: readonly { readonly name: string }[] }) => void,
  ): unknown
}

/** What a label is: a column, a constant, or whatever a function makes of the row. NULL and the empty text leave it out. */
export type LabelOptions<Row> = string | { readonly value: string } | ((row: Row) => unknown)

/** Text with `{{ column }}` in it, or a function of the row. */
export type Template<Row> = string | ((row: Row) => unknown)

/** How often an alert may begin anew before its end is held back. */
export interface FlappingOptions {
  /** Beginnings, this one included. */
  readonly firings: number
  /** Within so long, on frontier time; once damped, it is resolved when its row was gone for as long. */
  readonly withinMs: number
}

/** Where the state is kept between processes: one text by name. tail-client's checkpoint stores have the same shape. */
export interface StateStore {
  /** What was saved last under a name; undefined if nothing was. */
  load(name: string): Promise<string | undefined>
  /** Resolves when the text is safe; the old one is kept until then. */
  save(name: string, state: string): Promise<void>
}

/** How a sink that cannot be reached is tried again: after a random share of a delay that doubles up to `maxMs`, never before it asked for. */
export interface RetryOptions {
  /** First delay, in milliseconds. Default: 500. */
  readonly initialMs?: number
  /** Longest delay, in milliseconds. Default: 60 000. */
  readonly maxMs?: number
}

/** What is used of a registry: prom-client, @prometheus-io/client and @platformatic/prom-client have it. */
export interface MetricRegistry {
  registerMetric(metric: never): void
  removeSingleMetric(name: string): void
  getSingleMetric(name: string): unknown
}

/** How the rows of a view become alerts. */
export interface AlertOptions<Row> {
  /** What the alerts are called: their `alertname`, unless a label says otherwise; the name of the stored state, and in metrics. */
  readonly name: string
  /**
   * What tells alerts apart: label name to column, constant or function; or a function that gives all of them. Rows with the same labels
   * are one alert. Whatever changes while an alert fires belongs into `annotations`.
   */
  readonly labels:
    | Readonly<Record<string, LabelOptions<Row>>>
    | ((row: Row) => Readonly<Record<string, unknown>>)
  /** Texts about the alert, from the row that came last: `summary`, `description`, … */
  readonly annotations?: Readonly<Record<string, Template<Row>>>
  /** URLs by what they are called, such as `runbook` or `grafana`; values of columns are encoded. */
  readonly links?: Readonly<Record<string, Template<Row>>>
  /** The URL that leads from the alert to where it comes from. */
  readonly generatorURL?: Template<Row>
  /** An Alertmanager's external URL: every alert gets a link to silence it there. */
  readonly silenceAt?: string
  /** A column or function with the time it began: a date, a timestamp, or milliseconds since 1970. Default: when it fired, by the server's clock. */
  readonly startsAt?: string | ((row: Row) => unknown)
  /**
   * Which of several rows with the same labels speaks for the alert: the one where this column, or what the function makes of the row, is
   * the greatest number or time. Default, and among equals: the one that came last.
   */
  readonly dedupe?: string | ((row: Row) => unknown)
  /** The row must be there for so long, on frontier time, before the alert fires. Default: 0. */
  readonly forMs?: number
  /** The row must be gone for so long, on frontier time, before the alert is resolved. Default: 0. */
  readonly keepFiringMs?: number
  /** Default: no damping. */
  readonly flapping?: FlappingOptions
}

/** What `notify()` takes. */
export interface NotifyOptions<Row = UnknownRow> extends AlertOptions<Row> {
  readonly sinks: readonly (Sink | SendAlerts | readonly Sink[])[]
  /** Default: nothing is kept, so that a restart sends what fires as new, and nobody hears of what ended meanwhile. */
  readonly store?: StateStore
  /** Longest time that sending waits for the store, in milliseconds. Default: 5000. */
  readonly storeTimeoutMs?: number
  readonly retry?: RetryOptions
  /** Alerts that may wait for one sink; beyond it the one that waited longest is given up, and counted. Default: 100 000. */
  readonly maxQueued?: number
  /** How long alerts that fire are sent again while the source is disconnected. Default: for ever. */
  readonly holdForMs?: number
  /** Longest time that `close()` goes on sending, in milliseconds; it ends a second later at the latest. Default: 5000. */
  readonly drainMs?: number
  /** Decides and tells everything, sends and stores nothing. Default: false. */
  readonly dryRun?: boolean
  /** Where the metrics about the alerts and the sinks are registered. Default: nowhere. */
  readonly registry?: MetricRegistry
  /** Milliseconds since 1970. Default: `Date.now`. */
  readonly now?: () => number
  readonly clock?: Clock
  /** Numbers in `[0, 1)`, for jitter. Default: `Math.random`. */
  readonly random?: () => number
}

/**
 * What happens; nobody needs to listen, and a listener that throws stops nothing. What a listener returns is not looked at: one that is
 * `async` catches its own errors.
 */
export interface NotifyEvents {
  /** An alert began; the sinks hear of it next. */
  firing: (alert: Alert) => void
  /** An alert ended. */
  resolved: (alert: Alert) => void
  /** The text of an alert that fires changed. */
  updated: (alert: Alert) => void
  /** A sink has these. */
  delivered: (event: {
    readonly sink: string
    readonly alerts: readonly Alert[]
    readonly isDryRun: boolean
  }) => void
  /** A sink could not take alerts now, or refused all there are, and is tried again after `delayMs`. */
  retry: (event: {
    readonly sink: string
    readonly error: SinksError
    readonly attempt: number
    readonly delayMs: number
  }) => void
  /** A sink will not get an alert: it refused it and took others, or its queue was full. `alert` is undefined where it is about many. */
  failed: (event: {
    readonly sink: string
    readonly error: SinksError
    readonly alert: Alert | undefined
  }) => void
  /**
   * A row has no alert, or a text fell back to a plain one; or the source has connected, and does not have a column that is named: only a
   * schema could make it.
   */
  skipped: (event: {
    readonly reason: SkipReason | 'template_failed' | 'unknown_column'
    readonly what: string
  }) => void
  /** The store could not load or save; sending goes on. */
  storeFailed: (error: SinksError) => void
  /** The stream is over for good; what fires goes on firing. `error` is undefined if the view will never change again. */
  ended: (event: { readonly error: SinksError | undefined }) => void
}

/** Why a row has no alert. */
export type SkipReason = 'label_failed' | 'invalid_label' | 'no_labels'
