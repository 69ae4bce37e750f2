import { invalidOption } from '../errors.js'
import { timeRange, whole } from '../options.js'
import { type Customer, type Organization, organizations, type Tier } from './customers.js'
import type { DeploymentsScenario } from './deployments.js'
import { events } from './events.js'

/** A time in which an alert fires: `firesAtMs <= now < resolvesAtMs`, in whole milliseconds since 1970. */
interface Firing {
  readonly firesAtMs: number
  readonly resolvesAtMs: number
}

/** A time in which `organization_alert` holds a row for the organization. */
export interface OrganizationAlert extends Firing {
  readonly view: 'organization_alert'
  readonly alertCond: 'deployment_spike'
  readonly organization: Organization
}

/** A time in which `customer_alert` holds a row for the customer. */
export interface CustomerAlert extends Firing {
  readonly view: 'customer_alert'
  readonly alertCond: 'tier_limit'
  readonly customerId: number
  readonly customerName: string
  readonly tier: Tier
}

export type ExpectedAlert = OrganizationAlert | CustomerAlert

/** What the models are set to, and the part of the scenario that is sent to them. */
export interface ExpectationsQuery {
  /** The scenario's origin, when its past events arrive, in epoch milliseconds. */
  readonly from: number
  /** No event at or after it: what still fires then resolves as its window passes. */
  readonly to: number
  /** How long an event counts, from its `event_ts` on. */
  readonly windowMs: number
  /** An organization fires while it has more events than this in the window. */
  readonly threshold: number
}

/** A query that asks for the customers' alerts, too. */
export interface CustomerExpectationsQuery extends ExpectationsQuery {
  /** A customer of tier 'enterprise' fires while it has more events than this in the window. */
  readonly enterpriseLimit: number
}

/**
 * Which alerts must fire and resolve, and when: computed from the very events that
 * `events(scenario, { from, to })` gives, under the models' semantics.
 *
 * An event counts at `now` if it has arrived (`timestampMs <= now`, and those from before `from` arrive at `from`)
 * and `event_ts * 1000 <= now < event_ts * 1000 + windowMs`. Intervals of one alert neither overlap nor touch.
 * They come in order of `firesAtMs`, then by organization, then by customer. Those that resolve before `to` are the
 * same for every later `to`.
 *
 * `INVALID_OPTION` if the range has no end or an option is out of its range.
 */
export function expectations(
  scenario: DeploymentsScenario,
  query: CustomerExpectationsQuery,
): readonly ExpectedAlert[]
export function expectations(
  scenario: DeploymentsScenario,
  query: ExpectationsQuery,
): readonly OrganizationAlert[]
export function expectations(
  scenario: DeploymentsScenario,
  query: ExpectationsQuery | CustomerExpectationsQuery,
): readonly ExpectedAlert[] {
  const { from, to } = timeRange(query)
  if (to === Number.POSITIVE_INFINITY)
    throw invalidOption('to', query.to, 'an end: the events are counted one by one')
  const windowMs = whole('windowMs', query.windowMs, 1, 31_536_000_000)
  const threshold = whole('threshold', query.threshold, 0, Number.MAX_SAFE_INTEGER)
  const limit =
    'enterpriseLimit' in query && query.enterpriseLimit !== undefined
      ? whole('enterpriseLimit', query.enterpriseLimit, 0, Number.MAX_SAFE_INTEGER)
      : Number.POSITIVE_INFINITY

  const byOrganization = new Map<Organization, Change[]>()
  const byCustomer = new Map<number, Change[]>()
  for (const { timestampMs, value } of events(scenario, { from, to })) {
    const comesMs = Math.max(timestampMs, from)
    const goesMs = value.event_ts * 1000 + windowMs
    if (comesMs >= goesMs) continue
    count(byOrganization, value.organization, comesMs, goesMs)
    count(byCustomer, value.customer_id, comesMs, goesMs)
  }
  const enterprises = scenario.customers.filter(({ tier }) => tier === 'enterprise')
  return [
    ...organizations.flatMap(organization =>
      organizationAlerts(organization, byOrganization.get(organization), threshold),
    ),
    ...enterprises.flatMap(customer => customerAlerts(customer, byCustomer.get(customer.customer_id), limit)),
  ].sort((one, other) => one.firesAtMs - other.firesAtMs)
}

function organizationAlerts(
  organization: Organization,
  changes: readonly Change[] | undefined,
  threshold: number,
): readonly ExpectedAlert[] {
  const what = { view: 'organization_alert', alertCond: 'deployment_spike', organization } as const
  return firings(changes, threshold).map(when => ({ ...what, ...when }))
}

function customerAlerts(
  { customer_id: customerId, customer_name: customerName, tier }: Customer,
  changes: readonly Change[] | undefined,
  limit: number,
): readonly ExpectedAlert[] {
  const what = { view: 'customer_alert', alertCond: 'tier_limit', customerId, customerName, tier } as const
  return firings(changes, limit).map(when => ({ ...what, ...when }))
}

/** By how much a count changes, and when. */
interface Change {
  readonly atMs: number
  readonly by: 1 | -1
}

function count<Key>(counts: Map<Key, Change[]>, key: Key, comesMs: number, goesMs: number): void {
  const changes = counts.get(key) ?? []
  changes.push({ atMs: comesMs, by: 1 }, { atMs: goesMs, by: -1 })
  counts.set(key, changes)
}

/** The times in which the sum of all changes so far is above `limit`. */
function firings(changes: readonly Change[] = [], limit: number): readonly Firing[] {
  const found: Firing[] = []
  const ordered = [...changes].sort((one, other) => one.atMs - other.atMs)
  let sum = 0
  let firesAtMs: number | undefined
  for (const [position, { atMs, by }] of ordered.entries()) {
    sum += by
    // What changes in one millisecond changes at once: only the last sum is ever seen.
    if (ordered[position + 1]?.atMs === atMs) continue
    if (firesAtMs === undefined && sum > limit) firesAtMs = atMs
    if (firesAtMs !== undefined && sum <= limit) {
      found.push({ firesAtMs, resolvesAtMs: atMs })
      firesAtMs = undefined
    }
  }
  return found
}
