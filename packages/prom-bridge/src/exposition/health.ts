import type { StoreCounts } from '../series/store.js'
import { type SkipReason, skipReasons } from '../series/value.js'
import type { Family, Sample } from './format.js'

/** What there is to say about a view at a scrape. */
export interface ViewHealth {
  readonly view: string
  readonly isUp: boolean
  readonly isComplete: boolean
  /** Milliseconds since 1970; undefined before the first snapshot. */
  readonly frontierMs: number | undefined
  readonly reconnects: number
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
    name: 'mzalert_updates_total',
    help: 'Updates of the view that were applied.',
    type: 'counter',
    value: ({ counts }) => counts.updatesTotal,
  },
  {
    name: 'mzalert_reconnects_total',
    help: 'Attempts to connect again after a loss.',
    type: 'counter',
    value: ({ reconnects }) => reconnects,
  },
]

const skipped = {
  name: 'mzalert_rows_skipped_total',
  help: 'Distinct rows of the view that came and have no sample, by reason.',
  type: 'counter',
} as const

const build = {
  name: 'mzalert_build_info',
  help: 'Constant 1, labelled with the version of the bridge.',
  type: 'gauge',
} as const

/** Name, help and type of every family the bridge has about itself, in their order. */
export const healthHeaders: readonly Omit<Family, 'samples'>[] = [...definitions, skipped, build]

/** What the bridge says about itself: a family for each of `healthHeaders`. */
export function healthFamilies(views: readonly ViewHealth[], nowMs: number): readonly Family[] {
  const each = definitions.map(({ value, ...family }) => ({
    ...family,
    samples: views.flatMap((health): readonly Sample[] => {
      const number = value(health, nowMs)
      return number === undefined ? [] : [{ labels: { view: health.view }, value: number }]
    }),
  }))
  return [
    ...each,
    { ...skipped, samples: views.flatMap(skippedSamples) },
    { ...build, samples: [{ labels: { version: version() }, value: 1 }] },
  ]
}

function skippedSamples({ view, counts }: ViewHealth): readonly Sample[] {
  return skipReasons.map((reason: SkipReason) => ({
    labels: { view, reason },
    value: counts.skippedTotal[reason],
  }))
}

function version(): string {
  return typeof PROM_BRIDGE_VERSION === 'string' ? PROM_BRIDGE_VERSION : 'source'
}
