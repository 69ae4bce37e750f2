import type { Dispatcher } from '../delivery/dispatcher.js'
import type { Lane } from '../delivery/lane.js'
import type { Phase } from '../lifecycle/instance.js'
import type { LifecycleCounts } from '../lifecycle/lifecycle.js'

/** What there is to say about one notifier. */
export interface Health {
  readonly name: string
  readonly isConnected: boolean
  /** Milliseconds since 1970; 0 before the first batch. */
  readonly frontierMs: number
  readonly phases: Readonly<Record<Phase, number>>
  readonly collisions: number
  readonly counts: LifecycleCounts
  readonly transitions: { readonly firing: number; readonly resolved: number; readonly updated: number }
  readonly fallbacks: number
  readonly storeFailures: number
  readonly lanes: Dispatcher['lanes']
}

export interface Sample {
  readonly labels: Readonly<Record<string, string>>
  readonly value: number
}

export interface Definition {
  readonly name: string
  readonly help: string
  readonly type: 'gauge' | 'counter'
  readonly samples: (health: Health) => readonly Sample[]
}

/** Everything that is said about alerts and sinks. */
export const definitions: readonly Definition[] = [
  one('mzalert_alerts_up', 'gauge', 'Whether the stream of the alerts is connected.', ({ isConnected }) =>
    Number(isConnected),
  ),
  one(
    'mzalert_alerts_frontier_seconds',
    'gauge',
    'Everything the database timestamped before this time, in seconds since 1970, is decided.',
    ({ frontierMs }) => (frontierMs === 0 ? undefined : frontierMs / 1000),
  ),
  many('mzalert_alerts', 'gauge', 'Alerts by state.', 'state', ({ phases: { pending, firing, kept } }) => ({
    pending,
    firing: firing + kept,
  })),
  many(
    'mzalert_alert_transitions_total',
    'counter',
    'Alerts that began and ended.',
    'to',
    ({ transitions }) => ({
      firing: transitions.firing,
      resolved: transitions.resolved,
    }),
  ),
  one(
    'mzalert_alert_updates_total',
    'counter',
    'Changed texts of alerts that fire.',
    ({ transitions }) => transitions.updated,
  ),
  one(
    'mzalert_alert_collisions',
    'gauge',
    'Alerts that more than one row shares.',
    ({ collisions }) => collisions,
  ),
  one(
    'mzalert_alert_flaps_total',
    'counter',
    'Rows that came back while their alert was kept firing.',
    ({ counts }) => counts.flaps,
  ),
  one(
    'mzalert_alert_damped_total',
    'counter',
    'Ends of alerts that were held back because the alert began too often.',
    ({ counts }) => counts.damped,
  ),
  many(
    'mzalert_alert_rows_skipped_total',
    'counter',
    'Rows without an alert.',
    'reason',
    ({ counts }) => counts.skipped,
  ),
  one(
    'mzalert_alert_template_fallbacks_total',
    'counter',
    'Texts, links and times that could not be made of a row.',
    ({ fallbacks }) => fallbacks,
  ),
  one(
    'mzalert_alert_store_failures_total',
    'counter',
    'Failed attempts to load or save the state.',
    ({ storeFailures }) => storeFailures,
  ),
  sinks('mzalert_sink_queue_length', 'gauge', 'Alerts that wait for the sink.', ({ queued }) => queued),
  sinks(
    'mzalert_sink_up',
    'gauge',
    'Whether the last call of the sink succeeded; 1 before the first.',
    ({ lastError }) => Number(lastError === undefined),
  ),
  sinks(
    'mzalert_sink_last_success_seconds',
    'gauge',
    'When the sink last took alerts, in seconds since 1970.',
    ({ lastSuccessMs }) => (lastSuccessMs === undefined ? undefined : lastSuccessMs / 1000),
  ),
  sinks(
    'mzalert_sink_sent_total',
    'counter',
    'Alerts that the sink took, those sent again included.',
    ({ counts }) => counts.sent,
  ),
  {
    name: 'mzalert_sink_failures_total',
    help: 'Calls of the sink that failed, by the code of the error.',
    type: 'counter',
    samples: ({ name, lanes }) =>
      lanes.flatMap(lane =>
        Object.entries(lane.counts.failures).map(([code, value]) => ({
          labels: { name, sink: lane.name, code },
          value,
        })),
      ),
  },
  sinks(
    'mzalert_sink_rejected_total',
    'counter',
    'Alerts that the sink refused for good.',
    ({ counts }) => counts.rejected,
  ),
  sinks(
    'mzalert_sink_dropped_total',
    'counter',
    'Alerts given up because too many were waiting.',
    ({ counts }) => counts.dropped,
  ),
  sinks(
    'mzalert_sink_coalesced_total',
    'counter',
    'States of alerts that a newer one stood in for before they were sent.',
    ({ counts }) => counts.coalesced,
  ),
]

function one(
  name: string,
  type: Definition['type'],
  help: string,
  value: (health: Health) => number | undefined,
): Definition {
  return {
    name,
    type,
    help,
    samples: health => {
      const number = value(health)
      return number === undefined ? [] : [{ labels: { name: health.name }, value: number }]
    },
  }
}

function many(
  name: string,
  type: Definition['type'],
  help: string,
  label: string,
  values: (health: Health) => Readonly<Record<string, number>>,
): Definition {
  return {
    name,
    type,
    help,
    samples: health =>
      Object.entries(values(health)).map(([key, value]) => ({
        labels: { name: health.name, [label]: key },
        value,
      })),
  }
}

function sinks(
  name: string,
  type: Definition['type'],
  help: string,
  value: (lane: Lane) => number | undefined,
): Definition {
  return {
    name,
    type,
    help,
    samples: health =>
      health.lanes.flatMap(lane => {
        const number = value(lane)
        return number === undefined ? [] : [{ labels: { name: health.name, sink: lane.name }, value: number }]
      }),
  }
}
