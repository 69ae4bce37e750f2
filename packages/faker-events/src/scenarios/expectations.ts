import { arrivalMs } from '../define/arrival.js'
import { finiteRange, whole } from '../options.js'
import { type Customer, type Organization, organizations, type Tier } from './customers.js'
import type { DeploymentsScenario } from './deployments.js'
import { events } from './events.js'
import { Counts, type Firing } from './firings.js'

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

/** An alert of either view. */
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
 * An event counts at `now` if it has arrived (`timestampMs <= now`, or `arrivesMs` where it is late, and those from before `from` arrive at `from`)
 * and `event_ts * 1000 <= now < event_ts * 1000 + windowMs`; a malformed one never does. Intervals of one alert neither overlap nor touch.
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
  return alertsOf(scenario, query)
}

/** `expectations`, as the scenario's own method. */
export function ownExpectations(
  this: DeploymentsScenario,
  query: CustomerExpectationsQuery,
): readonly ExpectedAlert[]
export function ownExpectations(
  this: DeploymentsScenario,
  query: ExpectationsQuery,
): readonly OrganizationAlert[]
export function ownExpectations(
  this: DeploymentsScenario,
  query: ExpectationsQuery | CustomerExpectationsQuery,
): readonly ExpectedAlert[] {
  return alertsOf(this, query)
}

function alertsOf(
  scenario: DeploymentsScenario,
  query: ExpectationsQuery | CustomerExpectationsQuery,
): readonly ExpectedAlert[] {
  const { from, to } = finiteRange(query)
  const windowMs = whole('windowMs', query.windowMs, 1, 31_536_000_000)
  const threshold = whole('threshold', query.threshold, 0, Number.MAX_SAFE_INTEGER)
  const limit =
    'enterpriseLimit' in query && query.enterpriseLimit !== undefined
      ? whole('enterpriseLimit', query.enterpriseLimit, 0, Number.MAX_SAFE_INTEGER)
      : Number.POSITIVE_INFINITY

  const perOrganization = new Counts<Organization>()
  const perCustomer = new Counts<number>()
  for (const event of events(scenario, { from, to })) {
    if (event.body !== undefined) continue
    const happensMs = event.value.event_ts * 1000
    const comesMs = Math.max(arrivalMs(event), from, happensMs)
    perOrganization.add(event.value.organization, comesMs, happensMs + windowMs)
    perCustomer.add(event.value.customer_id, comesMs, happensMs + windowMs)
  }
  const enterprises = scenario.customers.filter(({ tier }) => tier === 'enterprise')
  return [
    ...organizations.flatMap(organization =>
      perOrganization.above(organization, threshold).map(when => organizationAlert(organization, when)),
    ),
    ...enterprises.flatMap(customer =>
      perCustomer.above(customer.customer_id, limit).map(when => customerAlert(customer, when)),
    ),
  ].sort((one, other) => one.firesAtMs - other.firesAtMs)
}

function organizationAlert(organization: Organization, when: Firing): ExpectedAlert {
  return { view: 'organization_alert', alertCond: 'deployment_spike', organization, ...when }
}

function customerAlert(customer: Customer, when: Firing): ExpectedAlert {
  const { customer_id: customerId, customer_name: customerName, tier } = customer
  return { view: 'customer_alert', alertCond: 'tier_limit', customerId, customerName, tier, ...when }
}
