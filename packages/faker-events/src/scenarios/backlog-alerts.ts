import { arrivalMs } from '../define/arrival.js'
import { finiteRange, whole } from '../options.js'
import { type Organization, organizations } from './customers.js'
import { events } from './events.js'
import { Counts, type Firing } from './firings.js'
import type { OrdersScenario } from './orders.js'

/** A time in which too many orders of an organization wait to be shipped. */
export interface BacklogAlert extends Firing {
  readonly view: 'order_backlog'
  readonly organization: Organization
}

/** What the model is set to, and the part of the scenario that is sent to it. */
export interface OrdersQuery {
  /** The scenario's origin, in epoch milliseconds. */
  readonly from: number
  /** No event at or after it: what still waits then waits for ever. */
  readonly to: number
  /** An organization fires while more orders than this are placed or paid. */
  readonly threshold: number
}

/**
 * In which organizations more than `threshold` orders wait, and when, as of the last event of each order that has
 * arrived. An alert that does not resolve before `to` has `resolvesAtMs: Infinity`. In order of `firesAtMs`, then by
 * organization. `INVALID_OPTION` if the range has no end or an option is out of its range.
 */
export function ordersExpectations(this: OrdersScenario, query: OrdersQuery): readonly BacklogAlert[] {
  const { from, to } = finiteRange(query)
  const threshold = whole('threshold', query.threshold, 0, Number.MAX_SAFE_INTEGER)
  const waiting = new Map<string, { readonly organization: Organization; readonly sinceMs: number }>()
  const counts = new Counts<Organization>()
  const leave = (key: string, atMs: number): void => {
    const order = waiting.get(key)
    if (order) counts.add(order.organization, order.sinceMs, atMs)
    waiting.delete(key)
  }
  for (const event of events(this, { from, to })) {
    if (event.body !== undefined) continue
    const { key, value } = event
    const atMs = Math.max(arrivalMs(event), from)
    if (value?.state !== 'placed' && value?.state !== 'paid') leave(key, atMs)
    else if (!waiting.has(key)) waiting.set(key, { organization: value.organization, sinceMs: atMs })
  }
  for (const key of [...waiting.keys()]) leave(key, Number.POSITIVE_INFINITY)
  return organizations
    .flatMap(organization =>
      counts
        .above(organization, threshold)
        .map(when => ({ view: 'order_backlog', organization, ...when }) as const),
    )
    .sort((one, other) => one.firesAtMs - other.firesAtMs)
}
