import type { Lane } from '../delivery/lane.js'
import type { Instance } from '../lifecycle/instance.js'

/** An alert as it is now. Times are in milliseconds since 1970, by the server's clock. */
export interface InspectedAlert {
  readonly fingerprint: string
  readonly labels: Readonly<Record<string, string>>
  /** `kept`: its row is gone, and it goes on firing for some time. */
  readonly state: 'pending' | 'firing' | 'kept'
  /** Since when it is in this state. */
  readonly sinceMs: number
  /** Rows with these labels. */
  readonly rows: number
}

/** A sink as it is now. */
export interface InspectedSink {
  readonly name: string
  /** Alerts that wait, and those in calls under way. */
  readonly queued: number
  readonly inFlight: number
  readonly sent: number
  readonly rejected: number
  readonly dropped: number
  readonly coalesced: number
  /** Of the failures that go on now: what the last one said, how many in a row, and when it is tried again. */
  readonly lastError: string | undefined
  readonly failuresInARow: number
  readonly retryInMs: number
  /** Milliseconds since 1970. */
  readonly lastSuccessMs: number | undefined
}

/** Everything at one moment; nothing in it is a secret. */
export interface Inspection {
  readonly name: string
  readonly isConnected: boolean
  /** Everything before it is decided, in milliseconds since 1970; 0 before the first batch. */
  readonly frontierMs: number
  readonly alerts: readonly InspectedAlert[]
  readonly sinks: readonly InspectedSink[]
}

export function inspectAlerts(instances: Iterable<Readonly<Instance>>): readonly InspectedAlert[] {
  const alerts: InspectedAlert[] = []
  for (const { phase, content, rows, sinceMs, startsAtMs, goneMs } of instances) {
    if (phase === 'quiet') continue
    const since = { pending: sinceMs, firing: startsAtMs, kept: goneMs }
    alerts.push({
      fingerprint: content.fingerprint,
      labels: content.labels,
      state: phase,
      sinceMs: since[phase],
      rows: rows.filter(({ multiplicity }) => multiplicity > 0).length,
    })
  }
  return alerts
}

export function inspectSink(lane: Lane): InspectedSink {
  const { sent, rejected, dropped, coalesced } = lane.counts
  return {
    name: lane.name,
    queued: lane.queued,
    inFlight: lane.inFlight,
    sent,
    rejected,
    dropped,
    coalesced,
    lastError: lane.lastError?.message,
    failuresInARow: lane.failuresInARow,
    retryInMs: lane.failuresInARow > 0 ? lane.retryInMs : 0,
    lastSuccessMs: lane.lastSuccessMs,
  }
}
