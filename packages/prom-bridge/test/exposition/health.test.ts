import { expect, test } from 'vitest'
import { familyText } from '../../src/exposition/format.js'
import { healthFamilies, healthHeaders, type ViewHealth } from '../../src/exposition/health.js'
import { Histogram } from '../../src/exposition/histogram.js'
import { parseExposition, samplesOf } from '../support/parse.js'

const applySeconds = new Histogram()
for (const seconds of [0.0005, 0.001, 0.5, 20]) applySeconds.observe(seconds)
const scrapes = { renderSeconds: applySeconds, lastBytes: 4096 }

const health: ViewHealth = {
  view: 'say "hi"\\',
  isUp: true,
  isComplete: true,
  frontierMs: 10_500,
  reconnects: new Map([
    ['connection_lost', 2],
    ['progress_timeout', 1],
  ]),
  phase: 'live',
  unappliedUpdates: 12,
  lastBatchMs: 11_000,
  applySeconds,
  alerts: { firing: 1, fired: 13, resolved: 14 },
  maxSeries: 100,
  counts: {
    rows: 3,
    series: 2,
    zeros: 1,
    collisions: 1,
    negativeRows: 4,
    batchesTotal: 5,
    insertsTotal: 6,
    deletesTotal: 15,
    skippedTotal: { null_value: 7, not_a_number: 8, null_label: 9, label_failed: 10, limit: 11 },
  },
}

function textOf(views: readonly ViewHealth[], nowMs = 12_000): string {
  return healthFamilies(views, scrapes, nowMs)
    .map(family => familyText(family))
    .join('')
}

test('B35: the bridge says how every view is', () => {
  const label = '{"view":"say \\"hi\\"\\\\"}'
  const values = {
    mzalert_view_up: 1,
    mzalert_view_snapshot_complete: 1,
    mzalert_view_frontier_seconds: 10.5,
    mzalert_view_lag_seconds: 1.5,
    mzalert_view_rows: 3,
    mzalert_view_series: 2,
    mzalert_view_series_limit: 100,
    mzalert_series_collisions: 1,
    mzalert_negative_multiplicity_rows: 4,
    mzalert_batches_total: 5,
    mzalert_unapplied_updates: 12,
    mzalert_view_last_batch_timestamp_seconds: 11,
    mzalert_alerts_firing: 1,
  }
  for (const [name, value] of Object.entries(values))
    expect(samplesOf(textOf([health]), name), name).toEqual({ [label]: value })
  expect(samplesOf(textOf([health]), 'mzalert_rows_skipped_total')).toEqual({
    '{"reason":"null_value","view":"say \\"hi\\"\\\\"}': 7,
    '{"reason":"not_a_number","view":"say \\"hi\\"\\\\"}': 8,
    '{"reason":"null_label","view":"say \\"hi\\"\\\\"}': 9,
    '{"reason":"label_failed","view":"say \\"hi\\"\\\\"}': 10,
    '{"reason":"limit","view":"say \\"hi\\"\\\\"}': 11,
  })
  const labelled = (name: string): unknown => Object.values(samplesOf(textOf([health]), name) ?? {})
  expect(labelled('mzalert_diffs_total')).toEqual([6, 15])
  expect(labelled('mzalert_reconnects_total')).toEqual([2, 1])
  expect(labelled('mzalert_alert_transitions_total')).toEqual([13, 14])
  expect(samplesOf(textOf([health]), 'mzalert_connection_state')).toEqual({
    '{"state":"live","view":"say \\"hi\\"\\\\"}': 1,
  })
  expect(samplesOf(textOf([health]), 'mzalert_build_info')).toEqual({
    [`{"client":"node ${process.version}","version":"source"}`]: 1,
  })
  expect(samplesOf(textOf([health]), 'mzalert_exposition_bytes')).toEqual({ '{}': 4096 })
})

test('how long batches and scrapes take is in buckets, each of which counts those below it', () => {
  const samples = parseExposition(textOf([health])).get('mzalert_render_seconds')?.samples
  expect(samples?.map(({ labels, value }) => [labels['le'], value])).toEqual([
    ['0.001', 2],
    ['0.01', 2],
    ['0.1', 2],
    ['1.0', 3],
    ['10.0', 3],
    ['+Inf', 4],
    [undefined, 20.5015],
    [undefined, 4],
  ])
})

test('a view of measurements has no alerts, and one that nobody lost has a count of losses from the start', () => {
  const text = textOf([
    { ...health, view: 'v', alerts: undefined, reconnects: new Map([['connection_lost', 0]]) },
  ])
  expect(text).not.toContain('mzalert_alerts_firing')
  expect(text).not.toContain('mzalert_alert_transitions_total')
  expect(text).toContain('mzalert_reconnects_total{view="v",reason="connection_lost"} 0\n')
})

test('there is no frontier and no lag before the first snapshot', () => {
  const text = textOf([{ ...health, isUp: false, isComplete: false, frontierMs: undefined }])
  expect(text).not.toContain('mzalert_view_frontier_seconds')
  expect(text).not.toContain('mzalert_view_lag_seconds')
  expect(text).toContain('mzalert_view_up{view="say \\"hi\\"\\\\"} 0')
})

test('B33: a database whose clock is ahead has no negative lag', () => {
  expect(Object.values(samplesOf(textOf([health], 9_000), 'mzalert_view_lag_seconds') ?? {})).toEqual([0])
})

test('B35: the names keep to the rules of Prometheus: a prefix, base units, counters end in _total', () => {
  for (const { name, type, help } of healthHeaders) {
    expect(name).toMatch(/^mzalert_[a-z]+(_[a-z]+)*$/)
    expect(name.endsWith('_total')).toBe(type === 'counter')
    expect(name).not.toMatch(/_(ms|milliseconds|minutes|count|sum|bucket)$/)
    expect(help).toMatch(/^[A-Z].*\.$/)
  }
  expect(healthFamilies([health], scrapes, 0).map(({ name }) => name)).toEqual(
    healthHeaders.map(({ name }) => name),
  )
})
