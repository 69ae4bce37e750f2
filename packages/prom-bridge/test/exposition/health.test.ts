import { expect, test } from 'vitest'
import { familyText } from '../../src/exposition/format.js'
import { healthFamilies, healthHeaders, type ViewHealth } from '../../src/exposition/health.js'
import { samplesOf } from '../support/parse.js'

const health: ViewHealth = {
  view: 'say "hi"\\',
  isUp: true,
  isComplete: true,
  frontierMs: 10_500,
  reconnects: 2,
  maxSeries: 100,
  counts: {
    rows: 3,
    series: 2,
    zeros: 1,
    collisions: 1,
    negativeRows: 4,
    batchesTotal: 5,
    updatesTotal: 6,
    skippedTotal: { null_value: 7, not_a_number: 8, null_label: 9, label_failed: 10, limit: 11 },
  },
}

function textOf(views: readonly ViewHealth[], nowMs = 12_000): string {
  return healthFamilies(views, nowMs)
    .map(family => familyText(family))
    .join('')
}

test('the bridge says how every view is', () => {
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
    mzalert_updates_total: 6,
    mzalert_reconnects_total: 2,
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
  expect(samplesOf(textOf([health]), 'mzalert_build_info')).toEqual({ '{"version":"source"}': 1 })
})

test('there is no frontier and no lag before the first snapshot', () => {
  const text = textOf([{ ...health, isUp: false, isComplete: false, frontierMs: undefined }])
  expect(text).not.toContain('mzalert_view_frontier_seconds')
  expect(text).not.toContain('mzalert_view_lag_seconds')
  expect(text).toContain('mzalert_view_up{view="say \\"hi\\"\\\\"} 0')
})

test('a database whose clock is ahead has no negative lag', () => {
  expect(Object.values(samplesOf(textOf([health], 9_000), 'mzalert_view_lag_seconds') ?? {})).toEqual([0])
})

test('the names keep to the rules of Prometheus: a prefix, base units, counters end in _total', () => {
  for (const { name, type, help } of healthHeaders) {
    expect(name).toMatch(/^mzalert_[a-z]+(_[a-z]+)*$/)
    expect(name.endsWith('_total')).toBe(type === 'counter')
    expect(name).not.toMatch(/_(ms|milliseconds|minutes|count|sum|bucket)$/)
    expect(help).toMatch(/^[A-Z].*\.$/)
  }
  expect(healthFamilies([health], 0).map(({ name }) => name)).toEqual(healthHeaders.map(({ name }) => name))
})
