import type { StoreCounts } from '../series/delta.js'
import type { Plan } from '../series/plan.js'
import { type SkipReason, skipReasons } from '../series/value.js'
import type { Family, Sample } from './format.js'
import type { Histogram } from './histogram.js'

/** What there is to say about a view at a scrape. */
export interface ViewHealth {
  readonly view: string
  readonly isUp: boolean
  readonly isComplete: boolean
  /** Milliseconds since 1970; undefined before the first snapshot. */
  readonly frontierMs: number | undefined
  /** Attempts to connect again, by what was the matter. */
  readonly reconnects: ReadonlyMap<string, number>
  readonly phase: string
  readonly unappliedUpdates: number
  /** Milliseconds since 1970, by our clock; undefined before the first batch. */
  readonly lastBatchMs: number | undefined
  readonly applySeconds: Histogram
  /** Undefined where rows are measurements. */
  readonly alerts: { readonly firing: number; readonly fired: number; readonly resolved: number } | undefined
  /** Undefined if there is no limit. */
  readonly maxSeries: number | undefined
  readonly counts: StoreCounts
}

/** The version of this package; replaced when it is built. */
declare const PROM_BRIDGE_VERSION: string | undefined

interface Definition {
  readonly name: string
  readonly help: string
  readonly type: Family['type']
  /** The samples of one view; undefined where there is nothing to say. */
  readonly value: (view: ViewHealth, nowMs: number) => number | undefined
}

const definitions: readonly Definition[] = [
  {
    name: 'mzalert_view_up',
    help: 'Whether the stream of the view is connected and its samples are current.',
    type: 'gauge',
    value: ({ isUp }) => Number(isUp),
  },
  {
    name: 'mzalert_view_snapshot_complete',
    help: 'Whether the first snapshot of the view has been applied; there are no samples before.',
    type: 'gauge',
    value: ({ isComplete }) => Number(isComplete),
  },
  {
    name: 'mzalert_view_frontier_seconds',
    help: 'Everything the database timestamped before this time, in seconds since 1970, is in the samples.',
    type: 'gauge',
    value: ({ frontierMs }) => (frontierMs === undefined ? undefined : frontierMs / 1000),
  },
  {
    name: 'mzalert_view_lag_seconds',
    help: 'How far the frontier of the view is behind the clock of the exporter, at the scrape.',
    type: 'gauge',
    value: ({ frontierMs }, nowMs) =>
      frontierMs === undefined ? undefined : Math.max(0, (nowMs - frontierMs) / 1000),
  },
  {
    name: 'mzalert_view_rows',
    help: 'Rows in the view, duplicates counted.',
    type: 'gauge',
    value: ({ counts }) => counts.rows,
  },
  {
    name: 'mzalert_view_series',
    help: 'Series of the view that are exported.',
    type: 'gauge',
    value: ({ counts }) => counts.series,
  },
  {
    name: 'mzalert_view_series_limit',
    help: 'Series that the view may have; +Inf if there is no limit.',
    type: 'gauge',
    value: ({ maxSeries }) => maxSeries ?? Number.POSITIVE_INFINITY,
  },
  {
    name: 'mzalert_series_collisions',
    help: 'Series that more than one distinct row of the view shares.',
    type: 'gauge',
    value: ({ counts }) => counts.collisions,
  },
  {
    name: 'mzalert_negative_multiplicity_rows',
    help: 'Distinct rows of the view that were retracted more often than inserted; they have no sample.',
    type: 'gauge',
    value: ({ counts }) => counts.negativeRows,
  },
  {
    name: 'mzalert_batches_total',
    help: 'Closed batches of the view that were applied, also those without updates.',
    type: 'counter',
    value: ({ counts }) => counts.batchesTotal,
  },
  {
    name: 'mzalert_unapplied_updates',
    help: 'Updates of the batch that is being applied, or held back because it breaks a policy: not in the samples yet.',
    type: 'gauge',
    value: ({ unappliedUpdates }) => unappliedUpdates,
  },
  {
    name: 'mzalert_view_last_batch_timestamp_seconds',
    help: 'When the last batch of the view came, by the clock of the exporter, in seconds since 1970; progress counts.',
    type: 'gauge',
    value: ({ lastBatchMs }) => (lastBatchMs === undefined ? undefined : lastBatchMs / 1000),
  },
  {
    name: 'mzalert_alerts_firing',
    help: 'Alerts of the view that fire; only of views whose rows are alerts.',
    type: 'gauge',
    value: ({ alerts }) => alerts?.firing,
  },
]

interface LabelledDefinition {
  readonly name: string
  readonly help: string
  readonly type: Family['type']
  readonly samples: (view: ViewHealth) => readonly Sample[]
}

/** What has labels besides the view's name. */
const labelled: readonly LabelledDefinition[] = [
  {
    name: 'mzalert_diffs_total',
    help: 'Updates of the view that were applied: rows that were inserted, and that were deleted.',
    type: 'counter',
    samples: ({ view, counts }) => [
      { labels: { view, op: 'insert' }, value: counts.insertsTotal },
      { labels: { view, op: 'delete' }, value: counts.deletesTotal },
    ],
  },
  {
    name: 'mzalert_reconnects_total',
    help: 'Attempts to connect again after a loss, by what was the matter.',
    type: 'counter',
    samples: ({ view, reconnects }) =>
      [...reconnects].map(([reason, value]) => ({ labels: { view, reason }, value })),
  },
  {
    name: 'mzalert_connection_state',
    help: 'Constant 1, labelled with the phase that the stream of the view is in.',
    type: 'gauge',
    samples: ({ view, phase }) => [{ labels: { view, state: phase }, value: 1 }],
  },
  {
    name: 'mzalert_alert_transitions_total',
    help: 'Alerts of the view that began to fire, and that resolved, after its first snapshot.',
    type: 'counter',
    samples: ({ view, alerts }) =>
      alerts === undefined
        ? []
        : [
            { labels: { view, to: 'firing' }, value: alerts.fired },
            { labels: { view, to: 'resolved' }, value: alerts.resolved },
          ],
  },
  {
    name: 'mzalert_rows_skipped_total',
    help: 'Distinct rows of the view that came and have no sample, by reason.',
    type: 'counter',
    samples: ({ view, counts }) =>
      skipReasons.map((reason: SkipReason) => ({
        labels: { view, reason },
        value: counts.skippedTotal[reason],
      })),
  },
  {
    name: 'mzalert_batch_apply_seconds',
    help: 'How long it took from a batch to its samples, with the turns that others had in between.',
    type: 'histogram',
    samples: ({ view, applySeconds }) => applySeconds.samples({ view }),
  },
]

/** What the whole bridge has measured of its scrapes. */
export interface ScrapeHealth {
  readonly renderSeconds: Histogram
  /** Bytes of the last exposition, before compression; undefined before the first. */
  readonly lastBytes: number | undefined
}

const render = {
  name: 'mzalert_render_seconds',
  help: 'How long it took to make an exposition, with the turns that others had in between.',
  type: 'histogram',
} as const

const size = {
  name: 'mzalert_exposition_bytes',
  help: 'The size of the last exposition, before compression.',
  type: 'gauge',
} as const

const build = {
  name: 'mzalert_build_info',
  help: 'Constant 1, labelled with the version of the bridge and of Node.',
  type: 'gauge',
} as const

/** Name, help and type of every family the bridge has about itself, in their order. */
export const healthHeaders: readonly Omit<Family, 'samples'>[] = [
  ...definitions,
  ...labelled,
  render,
  size,
  build,
]

/** The labels of what is said about the bridge, and about a remote write of it. */
const ownLabelNames = ['view', 'op', 'reason', 'state', 'to', 'le', 'version', 'client', 'outcome'] as const

/** The names of all labels that series may have: those of the views, and ours. */
export function labelNamesOf(plans: readonly Pick<Plan, 'labelNames'>[]): readonly string[] {
  return [...new Set([...ownLabelNames, ...plans.flatMap(({ labelNames }) => labelNames)])]
}

/** What the bridge says about itself: a family for each of `healthHeaders`. */
export function healthFamilies(
  views: readonly ViewHealth[],
  { renderSeconds, lastBytes }: ScrapeHealth,
  nowMs: number,
): readonly Family[] {
  const each = definitions.map(({ value, ...family }) => ({
    ...family,
    samples: views.flatMap((health): readonly Sample[] => {
      const number = value(health, nowMs)
      return number === undefined ? [] : [{ labels: { view: health.view }, value: number }]
    }),
  }))
  return [
    ...each,
    ...labelled.map(({ samples, ...family }) => ({ ...family, samples: views.flatMap(samples) })),
    { ...render, samples: renderSeconds.samples({}) },
    { ...size, samples: lastBytes === undefined ? [] : [{ labels: {}, value: lastBytes }] },
    { ...build, samples: [{ labels: { version: version(), client: `node ${process.version}` }, value: 1 }] },
  ]
}

function version(): string {
  return typeof PROM_BRIDGE_VERSION === 'string' ? PROM_BRIDGE_VERSION : 'source'
}
