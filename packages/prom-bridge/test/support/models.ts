import type { ViewModel } from '../../src/page/model.js'
import type { StoreCounts } from '../../src/series/delta.js'

/** A view as the page gets it: one alert that fires, one that resolved. */
export function viewModel(more: Partial<ViewModel> = {}): ViewModel {
  return {
    view: 'organization_alert',
    help: 'Organizations that spike.',
    state: 'live',
    problem: undefined,
    isAlert: true,
    labelNames: ['alert_cond', 'organization'],
    total: 1,
    rows: [{ values: ['deployment_spike', 'B'], value: 1, sinceMs: 1_645_736_476_000, isSinceExact: true }],
    transitions: [{ to: 'resolved', values: ['deployment_spike', 'A'], atMs: 1_645_736_475_000, number: 1 }],
    transitionsTotal: 1,
    frontierMs: 1_645_736_476_000,
    version: '1 live',
    ...more,
  }
}

/** The counts of a store that is empty. */
export const noCounts: StoreCounts = {
  rows: 0,
  series: 0,
  zeros: 0,
  collisions: 0,
  negativeRows: 0,
  batchesTotal: 0,
  insertsTotal: 0,
  deletesTotal: 0,
  skippedTotal: { null_value: 0, not_a_number: 0, null_label: 0, label_failed: 0, limit: 0 },
}
