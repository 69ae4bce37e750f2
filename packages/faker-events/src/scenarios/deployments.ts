import { weighted } from '../distributions.js'
import { between, onlyKnown, text, whole } from '../options.js'
import { Random } from '../random.js'
import type { EventStream, GeneratedEvent, Scenario } from '../types.js'
import { type Customer, type Membership, makeCustomers, memberships, type Organization } from './customers.js'

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
  /** Another seed, another story. Default 1. */
  readonly seed?: number
  /** Default 40. */
  readonly customers?: number
  /** Past events, spread over `initialSpanMs` before the origin. Default 60: by themselves never an alert. */
  readonly initialEvents?: number
  /** Default 120 000. */
  readonly initialSpanMs?: number
  /** The steady trickle, 0.000 001 to 1 000 000; 0 for none. Default 1. */
  readonly eventsPerSecond?: number
  /** How far a trickled event may be off its slot, as a part of the slot, from 0 to 1. Default 0.5. */
  readonly jitter?: number
  /** Events of a spike, all in one organization and at one time; 0 for no spikes. Default 40. */
  readonly spikeEvents?: number
  /** From the origin to the first spike. Default 10 000. */
  readonly firstSpikeMs?: number
  /** From spike to spike. Default 60 000. */
  readonly spikeEveryMs?: number
  /** How many spikes; `Infinity` for no end of them. Default `Infinity`. */
  readonly spikes?: number
  /** Default 'deployments'. */
  readonly topic?: string
}

/** The story of the original demonstration: streams `initial`, `trickle` and `spike`. */
export interface DeploymentsScenario extends Scenario<Deployment> {
  /** The reference rows that the events' `customer_id` refers to, by id. */
  readonly customers: readonly Customer[]
  /** All options, with the defaults filled in. */
  readonly options: Required<DeploymentsOptions>
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
  const random = Random.of(all.seed).split('deployments')
  const customers = makeCustomers(random.split('customers'), all.customers)
  const cast = { all, members: memberships(customers) }
  return {
    name: 'deployments',
    seed: all.seed,
    streams: [
      initial(cast, random.split('initial')),
      trickle(cast, random.split('trickle')),
      spike(cast, random.split('spike')),
    ],
    customers,
    options: all,
  }
}

/** What the streams have in common. */
interface Cast {
  readonly all: Required<DeploymentsOptions>
  readonly members: readonly Membership[]
}

function initial({ all, members }: Cast, random: Random): EventStream<Deployment> {
  const slot = (index: number): number => Math.floor((index * all.initialSpanMs) / all.initialEvents)
  const at = (index: number, originMs: number): GeneratedEvent<Deployment> => {
    const own = random.at(index)
    const intoSlot = Math.floor(own.unit() * (slot(index + 1) - slot(index)))
    const timestampMs = originMs - all.initialSpanMs + slot(index) + intoSlot
    return deployed({ stream: 'initial', index, timestampMs, topic: all.topic }, own, members)
  }
  return { name: 'initial', count: all.initialEvents, at }
}

function trickle({ all, members }: Cast, random: Random): EventStream<Deployment> {
  // Slots are multiplied, not added up: the hundred-thousandth is as exact as the first.
  const slot = (index: number): number => (index * 1000) / all.eventsPerSecond
  const at = (index: number, originMs: number): GeneratedEvent<Deployment> => {
    const own = random.at(index)
    const next = slot(index + 1)
    const due = slot(index) + own.unit() * all.jitter * (next - slot(index))
    // Rounding may carry a sum past the next slot, where it would overtake the next event.
    const timestampMs = originMs + Math.floor(Math.min(due, next))
    return deployed({ stream: 'trickle', index, timestampMs, topic: all.topic }, own, members)
  }
  return { name: 'trickle', count: all.eventsPerSecond === 0 ? 0 : Number.POSITIVE_INFINITY, at }
}

function spike({ all, members }: Cast, random: Random): EventStream<Deployment> {
  const rounds = random.split('rounds')
  const at = (index: number, originMs: number): GeneratedEvent<Deployment> => {
    const nth = Math.floor(index / all.spikeEvents)
    const turn = nth % members.length
    const order = rounds.at(Math.floor(nth / members.length)).shuffle(members)
    const timestampMs = originMs + all.firstSpikeMs + nth * all.spikeEveryMs
    const place = { stream: 'spike', index, timestampMs, topic: all.topic }
    return deployed(place, random.at(index), order.slice(turn, turn + 1))
  }
  return { name: 'spike', count: all.spikeEvents === 0 ? 0 : all.spikes * all.spikeEvents, at }
}

const pickType = weighted([70, 30])

function deployed(
  place: Omit<GeneratedEvent, 'key' | 'value'>,
  random: Random,
  members: readonly Membership[],
): GeneratedEvent<Deployment> {
  const member = members[random.below(members.length)]
  const customer = member?.customers[member.pick(random)]
  if (customer === undefined) throw new RangeError('An organization without customers was drawn.')
  return {
    ...place,
    key: String(customer.customer_id),
    value: {
      customer_id: customer.customer_id,
      customer_name: customer.customer_name,
      deployment_type: pickType(random) === 0 ? 'cloud' : 'on_prem',
      event_type: 'deployment_created',
      organization: customer.organization,
      event_ts: Math.floor(place.timestampMs / 1000),
    },
  }
}

function checked(options: DeploymentsOptions): Required<DeploymentsOptions> {
  onlyKnown(options, Object.keys(defaults))
  const given = Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined))
  const all: Required<DeploymentsOptions> = { ...defaults, ...given }
  whole('seed', all.seed, 0, Number.MAX_SAFE_INTEGER)
  whole('customers', all.customers, 1, 100_000)
  whole('initialEvents', all.initialEvents, 0, 10_000_000)
  whole('initialSpanMs', all.initialSpanMs, 1, yearMs)
  if (all.eventsPerSecond !== 0) between('eventsPerSecond', all.eventsPerSecond, 0.000_001, 1_000_000)
  between('jitter', all.jitter, 0, 1)
  whole('spikeEvents', all.spikeEvents, 0, 1_000_000)
  whole('firstSpikeMs', all.firstSpikeMs, 0, yearMs)
  whole('spikeEveryMs', all.spikeEveryMs, 1, yearMs)
  if (all.spikes !== Number.POSITIVE_INFINITY) whole('spikes', all.spikes, 0, 1_000_000_000)
  text('topic', all.topic)
  return all
}
