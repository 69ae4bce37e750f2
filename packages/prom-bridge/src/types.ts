import type { Batch, Connection, SqlText, TailOptions, TailStatus, UnknownRow } from '@mzalert/tail-client'
import type { BridgeError } from './errors.js'

/**
 * Where the batches of a view come from. `tail()` gives one; anything else that keeps its promises will do:
 * the first batch is the `snapshot`, `raw` tells rows apart, and a `snapshot` that comes later states the contents anew.
 */
export interface BatchSource {
  /**
   * Called once. An iteration that throws has failed for good, and the view with it: whoever gives the source does the retrying.
   * One that ends says that the view will never change again, as the stream of a constant view does.
   */
  batches(): AsyncIterable<Batch<UnknownRow>>
  close(): Promise<void>
  /** The names of the columns, if they are known with the first batch: a label without its column is then found before any row. */
  readonly columns?: readonly string[] | undefined
  /**
   * Without it, the view counts as up from its first snapshot on. After a loss `reconnects` must have grown before `phase` is `live`
   * again: the view is up again with the first batch that comes then.
   */
  readonly status?: Pick<TailStatus, 'phase' | 'reconnects'> | undefined
}

/** What the value of a row's sample is. */
export type ValueOptions =
  /** A numeric, boolean or date column; rows whose value is NULL or no number are skipped and counted. */
  | { readonly column: string }
  /** How many times the view holds the row. */
  | { readonly multiplicity: true }
  /**
   * How long ago the time in this column was, in seconds, at the scrape; never negative. The column is a date or a timestamp (UTC
   * where it has no zone), or milliseconds since 1970.
   */
  | { readonly ageOf: string }

/** What a label is: a column, a constant, or whatever a function makes of the row; rows for which it throws are skipped and counted. */
export type LabelOptions = string | { readonly value: string } | ((row: UnknownRow) => unknown)

/**
 * Which value a series has when several rows of a view have the same labels. NaN loses to any number.
 *
 * - `max`, `min`: of the values of the rows.
 * - `sum`: of the values of the rows, each as often as the view holds it.
 * - `count`: how many rows there are, duplicates counted, whether one or several; the rows have no other value then.
 * - `last`: that of the row that came last, by its timestamp; among equals, the row whose text is greatest.
 * - `error`: that should not be: with `SERIES_COLLISION`, which names two of the rows, the view is blocked: its samples stay as they
 *   were, it is not up, and it goes on by itself as soon as no series has several rows any more.
 */
export type CollisionPolicy = 'count' | 'sum' | 'min' | 'max' | 'last' | 'error'

/**
 * What is done with NULL in a label: the label is left out, or the row is (and counted), or the label has this text.
 * The empty text leaves the label out in any case: Prometheus does not tell them apart.
 */
export type NullPolicy = 'omit' | 'skip' | { readonly sentinel: string }

/**
 * What is done when there are more than `maxSeries`.
 *
 * - `drop-new`: who came first stays; the others wait, and have their place when there is room again.
 * - `drop-all`: none is exported until a tenth of the room is free again.
 * - `fail`: with `SERIES_LIMIT` the view is blocked: its samples stay as they were, it is not up, and it goes on by itself as soon as
 *   there are few enough. Series that are kept at 0 do not count.
 */
export type OverLimitPolicy = 'drop-new' | 'drop-all' | 'fail'

/**
 * What is done with a series whose last row goes: it goes, or it is 0 for so long, by the server's clock, and goes then, with the
 * first batch that comes after.
 */
export type RemovalPolicy = 'delete' | { readonly zeroForMs: number }

/**
 * What is done with the samples of a view that is disconnected, or whose stream failed.
 *
 * - `hold`: they stay as they were.
 * - `{ holdForMs }`: they stay until so long after the last batch (progress counts), and are left out until it is current again.
 * - `drop`: they are left out at once, until it is current again: alerts on them resolve.
 * - `fail-scrape`: `/metrics` answers 503, so that Prometheus has `up == 0` and ends all series of the target. Through a registry,
 *   whose other metrics are not ours to fail, they are left out.
 */
export type DisconnectPolicy = 'hold' | { readonly holdForMs: number } | 'drop' | 'fail-scrape'

/** How the rows of one view become the samples of one gauge. */
export interface ViewOptions {
  /** The relation to tail; the value of the label `view` of all `mzalert_*` metrics. Each view is named once. */
  readonly view: string
  /** Where the view is, if it is elsewhere than the bridge's. */
  readonly connection?: Connection
  /** Tails this query instead; `view` is then only its name. */
  readonly query?: SqlText
  /**
   * The gauge's name. Default: `view`, with `_` for what a metric's name cannot have. Views may have one together: if help and labels are
   * the same, and a constant label tells their series apart.
   */
  readonly name?: string
  readonly help?: string
  /**
   * The label's name to the column that fills it, or to a constant, or a function of the row, in the order they are written.
   * Columns that are not named here are not exported.
   */
  readonly labels: Readonly<Record<string, LabelOptions>>
  /** What is done with NULL in a label. Default: `omit`. */
  readonly nulls?: NullPolicy
  /** Longer label values are cut, and end with `~` and a hash of the whole, so that different ones stay different. Default: none. */
  readonly maxLabelBytes?: number
  /** Default: no limit. */
  readonly maxSeries?: number
  /** Default: `drop-new`. */
  readonly overLimit?: OverLimitPolicy
  /** Default: `delete`. */
  readonly onRemove?: RemovalPolicy
  /** Default: `hold`. */
  readonly onDisconnect?: DisconnectPolicy
  /** No batch for so long, not even one of progress, counts as a disconnect. Default: never. */
  readonly staleAfterMs?: number
  /** Default: constant 1, as alerts want it. */
  readonly value?: ValueOptions
  /** Default: `max`. */
  readonly collisions?: CollisionPolicy
  /** Used instead of a connection of our own; closed together with the bridge. */
  readonly source?: BatchSource
}

/** What `bridge()` takes. */
export interface BridgeOptions {
  readonly views: readonly ViewOptions[]
  /** Needed unless every view has a `source` or a connection of its own. */
  readonly connection?: Connection
  /** More options for every `tail()`, such as `waitForRelation` or `retry`. */
  readonly tail?: Omit<TailOptions, 'connection' | 'snapshot' | 'signal' | 'from' | 'checkpoint'>
  /**
   * A view that fails of what `tail()` does not try again (it was dropped, a permission was revoked, a column is gone) is opened again
   * after so long, in milliseconds, doubled up to `maxMs`. Default: 1000, up to 60 000. `false`: it stays failed.
   */
  readonly restart?: { readonly initialMs?: number; readonly maxMs?: number } | false
  /** A registry of prom-client or its kin, which then serves ours too, and whose metrics the handler serves too. Default: none. */
  readonly registry?: Registry
  /** `/-/ready` is 503 while a view is further behind than this. Default: never for that reason. */
  readonly readyMaxLagMs?: number
  /**
   * Who reads an answer of the handler, and takes nothing of it for so long, is cut off. Milliseconds, `Infinity` for never. Default:
   * 30 000.
   */
  readonly stalledMs?: number
  /** Milliseconds since 1970. Default: `Date.now`. */
  readonly now?: () => number
  /** Milliseconds of a clock that nobody sets, for durations. Default: `performance.now`. */
  readonly elapsed?: () => number
  /** Told what happens, for a log. What it throws becomes a process warning. */
  readonly onEvent?: (event: BridgeEvent) => void
}

/**
 * What is used of a registry: prom-client, @prometheus-io/client and @platformatic/prom-client have it.
 * `never` because each of them wants its own class; none of them checks.
 */
export interface Registry {
  registerMetric(metric: never): void
  removeSingleMetric(name: string): void
  getSingleMetric(name: string): unknown
  getSingleMetricAsString(name: string): Promise<string>
  getMetricsAsArray(): readonly { readonly name: string }[]
  metrics(): Promise<string>
  readonly contentType: string
}

/** One series at one moment. */
export interface LiveSample {
  /** Name and labels as the exposition has them: the identity of the series. */
  readonly series: string
  /** With the name, as `__name__`. */
  readonly labels: Readonly<Record<string, string>>
  readonly value: number
}

/** What happens to a bridge. */
export type BridgeEvent =
  /** The first snapshot of a view is applied; `rows` counts duplicates. */
  | { readonly type: 'snapshot'; readonly view: string; readonly rows: number }
  /** A view's connection is lost and will be tried again; its series stay as they are. */
  | {
      readonly type: 'retry'
      readonly view: string
      readonly error: Error
      readonly attempt: number
      readonly delayMs: number
    }
  /** What a view missed while it was disconnected, or had failed, is applied; `updates` is how many rows came and went. */
  | { readonly type: 'reconciled'; readonly view: string; readonly updates: number }
  /** A view will never change again; its samples are current for ever. */
  | { readonly type: 'ended'; readonly view: string }
  /**
   * A view's stream failed: its series stay as they are, `mzalert_view_up` is 0, the other views go on. It is opened again in
   * `delayMs`, or, without, it is over.
   */
  | {
      readonly type: 'failed'
      readonly view: string
      readonly error: BridgeError
      readonly delayMs?: number
    }
  /** What came breaks a policy of the view: its series stay as they are until that is over. */
  | { readonly type: 'blocked'; readonly view: string; readonly error: BridgeError }
  /** What came while a view was blocked is in its series. */
  | { readonly type: 'unblocked'; readonly view: string }
  /** A metric of the given registry threw and was left out of an answer, or an answer could not be given. */
  | { readonly type: 'scrape-failed'; readonly metric?: string; readonly error: unknown }

/** The events of a bridge by their type, for its `events`. */
export type BridgeEvents = {
  [Type in BridgeEvent['type']]: (event: Extract<BridgeEvent, { readonly type: Type }>) => void
}

/**
 * `starting`: no snapshot yet. In the others what is shown is the last known: `stale` is disconnected, `blocked` has rows that break a
 * policy, and `failed` has no stream until it is opened again, if it is.
 */
export type ViewState = 'starting' | 'live' | 'stale' | 'blocked' | 'failed'
