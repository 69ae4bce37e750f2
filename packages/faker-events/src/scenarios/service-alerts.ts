import { arrivalMs } from '../define/arrival.js'
import { finiteRange, whole } from '../options.js'
import { events } from './events.js'
import { Counts, type Firing } from './firings.js'
import type { IncidentScenario } from './incident.js'

/** A time in which a service has trouble of some kind. */
export interface ServiceAlert extends Firing {
  readonly view: 'failing_service' | 'silent_service' | 'flapping_service'
  readonly serviceId: number
  readonly serviceName: string
}

/** What the models are set to, and the part of the scenario that is sent to them. */
export interface IncidentQuery {
  /** The scenario's origin, in epoch milliseconds. */
  readonly from: number
  /** No event at or after it, and no alert that begins at or after it. */
  readonly to: number
  /** How long an event counts, from its `event_ts` on. */
  readonly windowMs: number
  /** A service fails while it has more `deployment_failed` than this in the window. */
  readonly failures: number
  /** A service flaps while it has more `service_down` than this in the window. */
  readonly flaps: number
}

/**
 * Which services must be reported, and when: `failing_service`, `flapping_service`, and `silent_service` while there
 * is nothing of a service in the window. An event counts as in `expectations` of the `deployments` scenario. An alert
 * that does not resolve by itself has `resolvesAtMs: Infinity`. In order of `firesAtMs`, then by view and service.
 * `INVALID_OPTION` if the range has no end or an option is out of its range.
 */
export function incidentExpectations(this: IncidentScenario, query: IncidentQuery): readonly ServiceAlert[] {
  const { from, to } = finiteRange(query)
  const windowMs = whole('windowMs', query.windowMs, 1, 31_536_000_000)
  const failures = whole('failures', query.failures, 0, Number.MAX_SAFE_INTEGER)
  const flaps = whole('flaps', query.flaps, 0, Number.MAX_SAFE_INTEGER)
  const [failed, downs, any] = [new Counts<number>(), new Counts<number>(), new Counts<number>()]
  for (const event of events(this, { from, to })) {
    if (event.body !== undefined) continue
    const { service_id, event_type, event_ts } = event.value
    const comesMs = Math.max(arrivalMs(event), from, event_ts * 1000)
    const goesMs = event_ts * 1000 + windowMs
    any.add(service_id, comesMs, goesMs)
    if (event_type === 'deployment_failed') failed.add(service_id, comesMs, goesMs)
    if (event_type === 'service_down') downs.add(service_id, comesMs, goesMs)
  }
  const kinds = [
    ['failing_service', (id: number) => failed.above(id, failures)],
    ['silent_service', (id: number) => any.below(id, 1, from)],
    ['flapping_service', (id: number) => downs.above(id, flaps)],
  ] as const
  return kinds
    .flatMap(([view, firings]) =>
      this.services.flatMap(({ service_id: serviceId, service_name: serviceName }) =>
        firings(serviceId).map(when => ({ view, serviceId, serviceName, ...when })),
      ),
    )
    .filter(({ firesAtMs }) => firesAtMs < to)
    .sort((one, other) => one.firesAtMs - other.firesAtMs)
}
