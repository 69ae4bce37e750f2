import { defineEvents } from '../define/define.js'
import { bursts, past, steady } from '../define/schedules.js'
import { type EventContent, type Moment, scheduled } from '../define/streams.js'
import { weighted } from '../distributions.js'
import { between, filled, text, whole, wholeOrEndless } from '../options.js'
import type { Scenario } from '../types.js'
import { type Customer, type Membership, makeCustomers, memberships, type Organization } from './customers.js'
import { ownExpectations } from './expectations.js'

/** A customer has deployed: the value of an event of the `deployments` scenario. */
export interface Deployment {
  readonly customer_id: number
  readonly customer_name: string
  readonly deployment_type: 'cloud' | 'on_prem'
  readonly event_type: 'deployment_created'
  readonly organization: Organization
  /** Whole seconds since 1970: the event's time, rounded down. */
  readonly event_ts: number
}

/** How the `deployments` scenario goes. */
export interface DeploymentsOptions {
  /** Another seed, another story. Default: 1. */
  readonly seed?: number
  /** Default: 40. */
  readonly customers?: number
  /** Past events, spread over `initialSpanMs` before the origin. Default: 60: by themselves never an alert. */
  readonly initialEvents?: number
  /** Default: 120 000. */
  readonly initialSpanMs?: number
  /** The steady trickle, 0.000 001 to 1 000 000; 0 for none. Default: 1. */
  readonly eventsPerSecond?: number
  /** How far a trickled event may be off its slot, as a part of the slot, from 0 to 1. Default: 0.5. */
  readonly jitter?: number
  /** Events of a spike, all in one organization and at one time; 0 for no spikes. Default: 40. */
  readonly spikeEvents?: number
  /** From the origin to the first spike. Default: 10 000. */
  readonly firstSpikeMs?: number
  /** From spike to spike. Default: 60 000. */
  readonly spikeEveryMs?: number
  /** How many spikes; `Infinity` for no end of them. Default: `Infinity`. */
  readonly spikes?: number
  /** Default: 'deployments'. */
  readonly topic?: string
}

/** The story of the original demonstration: streams `initial`, `trickle` and `spike`. */
export interface DeploymentsScenario extends Scenario<Deployment> {
  /** The reference rows that the events' `customer_id` refers to, by id. */
  readonly customers: readonly Customer[]
  /** All options, with the defaults filled in. */
  readonly options: Required<DeploymentsOptions>
  /** Which alerts must fire and resolve, and when: as the function of that name. */
  readonly expectations: typeof ownExpectations
}

const defaults: Required<DeploymentsOptions> = {
  seed: 1,
  customers: 40,
  initialEvents: 60,
  initialSpanMs: 120_000,
  eventsPerSecond: 1,
  jitter: 0.5,
  spikeEvents: 40,
  firstSpikeMs: 10_000,
  spikeEveryMs: 60_000,
  spikes: Number.POSITIVE_INFINITY,
  topic: 'deployments',
}

const yearMs = 31_536_000_000

/**
 * Customers of four organizations deploy: an initial set of events in the past, then a steady trickle, and every
 * so often a spike in one organization. Every organization spikes once before any spikes again, in an order that
 * the seed decides. `INVALID_OPTION` if an option is out of its range.
 */
export function deployments(options: DeploymentsOptions = {}): DeploymentsScenario {
  const all = checked(options)
  const story = defineEvents({
    name: 'deployments',
    seed: all.seed,
    topic: all.topic,
    entities: { customers: random => makeCustomers(random, all.customers) },
    streams: ({ customers }) => {
      const members = memberships(customers)
      const anyone = (moment: Moment): EventContent<Deployment> => deployed(moment, members)
      const initial = past({ events: all.initialEvents, spanMs: all.initialSpanMs })
      const trickle = steady({ perSecond: all.eventsPerSecond, jitter: all.jitter })
      const spike = bursts({
        events: all.spikeEvents,
        firstMs: all.firstSpikeMs,
        everyMs: all.spikeEveryMs,
        bursts: all.spikes,
      })
      return {
        initial: scheduled({ schedule: initial, event: anyone }),
        trickle: scheduled({ schedule: trickle, event: anyone }),
        spike: scheduled({
          schedule: spike,
          event: moment => deployed(moment, spiking(moment, all.spikeEvents, members)),
        }),
      }
    },
  })
  return {
    ...story,
    customers: story.entities.customers,
    options: all,
    expectations: ownExpectations,
  }
}

/** The one organization whose turn it is. */
function spiking(
  { index, shared }: Moment,
  spikeEvents: number,
  members: readonly Membership[],
): readonly Membership[] {
  const nth = Math.floor(index / spikeEvents)
  const turn = nth % members.length
  const order = shared
    .split('rounds')
    .at(Math.floor(nth / members.length))
    .shuffle(members)
  return order.slice(turn, turn + 1)
}

const pickType = weighted([70, 30])

function deployed({ random, timestampMs }: Moment, members: readonly Membership[]): EventContent<Deployment> {
  const member = members[random.below(members.length)]
  const customer = member?.customers[member.pick(random)]
  if (customer === undefined) throw new RangeError('An organization without customers was drawn.')
  return {
    key: String(customer.customer_id),
    value: {
      customer_id: customer.customer_id,
      customer_name: customer.customer_name,
      deployment_type: pickType(random) === 0 ? 'cloud' : 'on_prem',
      event_type: 'deployment_created',
      organization: customer.organization,
      event_ts: Math.floor(timestampMs / 1000),
    },
  }
}

function checked(options: DeploymentsOptions): Required<DeploymentsOptions> {
  const all = filled(options, defaults)
  whole('seed', all.seed, 0, Number.MAX_SAFE_INTEGER)
  whole('customers', all.customers, 1, 100_000)
  whole('initialEvents', all.initialEvents, 0, 10_000_000)
  whole('initialSpanMs', all.initialSpanMs, 1, yearMs)
  if (all.eventsPerSecond !== 0) between('eventsPerSecond', all.eventsPerSecond, 0.000_001, 1_000_000)
  between('jitter', all.jitter, 0, 1)
  whole('spikeEvents', all.spikeEvents, 0, 1_000_000)
  whole('firstSpikeMs', all.firstSpikeMs, 0, yearMs)
  whole('spikeEveryMs', all.spikeEveryMs, 1, yearMs)
  wholeOrEndless('spikes', all.spikes, 1_000_000_000)
  text('topic', all.topic)
  return all
}
