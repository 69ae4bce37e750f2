import type { ViewModel } from '../../src/page/model.js'

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
