import type { Batch, Connection, SqlText, TailOptions, TailStatus, UnknownRow } from '@mzalert/tail-client'
import type { BridgeError } from './errors.js'

/**
 * Where the batches of a view come from. `tail()` gives one; anything else that keeps its promises will do:
 * the first batch is the `snapshot`, `raw` tells rows apart, and a `snapshot` that comes later states the contents anew.
 */
export interface BatchSource {
  /**
   * Called once. An iteration that throws has failed for good: whoever gives the source does the retrying.
   * One that ends says that the view will never change again, as the stream of a constant view does.
   */
  batches(): AsyncIterable<Batch<UnknownRow>>
  close(): Promise<void>
  /** The names of the columns, if they are known with the first batch: a label without its column is then found before any row. */
  readonly columns?: readonly string[] | undefined
  /** Without it, the view counts as up from its first snapshot on. */
  readonly status?: Pick<TailStatus, 'phase' | 'reconnects'> | undefined
}

/** What the value of a row's sample is. */
export type ValueOptions =
  /** A numeric, boolean or date column; rows whose value is NULL or no number are skipped and counted. */
  | { readonly column: string }
  /** How many times the view holds the row. */
  | { readonly multiplicity: true }

/** Which value a series has when several rows of a view have the same labels. NaN loses to any number. */
export type CollisionPolicy = 'max' | 'min'

/** How the rows of one view become the samples of one gauge. */
export interface ViewOptions {
  /** The relation to tail; the value of the label `view` of all `mzalert_*` metrics. Each view is named once. */
  readonly view: string
  /** Tails this query instead; `view` is then only its name. */
  readonly query?: SqlText
  /** The gauge's name. Default: `view`, with `_` for what a metric's name cannot have. */
  readonly name?: string
  readonly help?: string
  /**
   * The label's name to the column that fills it, in the order they are written. Columns that are not named here are not exported.
   * NULL and the empty text leave the label out: Prometheus does not tell them apart.
   */
  readonly labels: Readonly<Record<string, string>>
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
  /** Needed unless every view has a `source`. */
  readonly connection?: Connection
  /** More options for every `tail()`, such as `waitForRelation` or `retry`. */
  readonly tail?: Omit<TailOptions, 'connection' | 'snapshot' | 'signal'>
  /** A registry of prom-client or its kin, which then serves ours too, and whose metrics the handler serves too. Default: none. */
  readonly registry?: Registry
  /** Milliseconds since 1970. Default: `Date.now`. */
  readonly now?: () => number
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
  /** What a view missed while it was disconnected is applied. */
  | { readonly type: 'reconciled'; readonly view: string; readonly updates: number }
  /** A view will never change again; its samples are current for ever. */
  | { readonly type: 'ended'; readonly view: string }
  /** A view's stream failed for good: its series stay as they are, `mzalert_view_up` is 0, the other views go on. */
  | { readonly type: 'failed'; readonly view: string; readonly error: BridgeError }
  /** A metric of the given registry threw and was left out of an answer, or an answer could not be given. */
  | { readonly type: 'scrape-failed'; readonly metric?: string; readonly error: unknown }

/** `starting`: no snapshot yet. `stale`: disconnected, what is shown is the last known. `failed`: over for good. */
export type ViewState = 'starting' | 'live' | 'stale' | 'failed'
