import { defineEvents } from '../define/define.js'
import { lifecycle, type Step } from '../define/lifecycle.js'
import { phases } from '../define/schedules.js'
import type { EventContent } from '../define/streams.js'
import { exponential, normal, zipf } from '../distributions.js'
import { invalidOption } from '../errors.js'
import { between, filled, text, whole } from '../options.js'
import type { Scenario } from '../types.js'
import { ordersExpectations } from './backlog-alerts.js'
import { type Customer, makeCustomers, type Organization } from './customers.js'

/** What an order is at present: the value of an event of the `orders` scenario that is not a deletion. */
export interface Order {
  /** From 1. */
  readonly order_id: number
  readonly customer_id: number
  readonly customer_name: string
  readonly organization: Organization
  readonly state: 'placed' | 'paid' | 'shipped' | 'delivered' | 'cancelled'
  readonly amount_cents: number
  /** 1 for the insert, one more with each update. */
  readonly version: number
  /** Whole seconds since 1970: the event's time, rounded down. */
  readonly event_ts: number
}

/** How the `orders` scenario goes. */
export interface OrdersOptions {
  /** Default: 1. */
  readonly seed?: number
  /** Default: 40. */
  readonly customers?: number
  /** Default: 1. */
  readonly ordersPerSecond?: number
  /** During a rush. Default: 10. */
  readonly rushPerSecond?: number
  /** How long a rush takes. Default: 10 000. */
  readonly rushForMs?: number
  /** From rush to rush. Default: 60 000. */
  readonly rushEveryMs?: number
  /** Default: 'orders'. */
  readonly topic?: string
}

/** One stream `orders`, keyed by order: an insert, updates, and a null when the order is over. */
export interface OrdersScenario extends Scenario<Order | null> {
  readonly customers: readonly Customer[]
  readonly options: Required<OrdersOptions>
  /** In which organizations too many orders must be waiting, and when. */
  readonly expectations: typeof ordersExpectations
}

const defaults: Required<OrdersOptions> = {
  seed: 1,
  customers: 40,
  ordersPerSecond: 1,
  rushPerSecond: 10,
  rushForMs: 10_000,
  rushEveryMs: 60_000,
  topic: 'orders',
}

/**
 * Orders are placed, paid, shipped and delivered, or cancelled, and then deleted: a story of updates and deletes for
 * views with keys and for compacted topics. `INVALID_OPTION` if an option is out of its range.
 */
export function orders(options: OrdersOptions = {}): OrdersScenario {
  const all = checked(options)
  const story = defineEvents({
    name: 'orders',
    seed: all.seed,
    topic: all.topic,
    entities: { customers: random => makeCustomers(random, all.customers) },
    streams: ({ customers }) => {
      const pick = zipf(customers.length)
      const amount = normal({ mean: 5000, deviation: 1200 })
      const event = (step: Step<Order['state'] | 'over'>): EventContent<Order | null> | undefined => {
        const { life, instance, state, timestampMs } = step
        const key = String(instance + 1)
        if (state === 'over') return { key, value: null }
        const own = life.split('order')
        const customer = customers[pick(own)]
        if (customer === undefined) throw new RangeError('A customer who is not there was drawn.')
        const { customer_id, customer_name, organization } = customer
        const value = {
          order_id: instance + 1,
          customer_id,
          customer_name,
          organization,
          state,
          amount_cents: Math.max(100, Math.floor(amount(own))),
          version: step.step + 1,
          event_ts: Math.floor(timestampMs / 1000),
        }
        return { key, value }
      }
      const begins = phases({
        phases: [
          { forMs: all.rushEveryMs - all.rushForMs, perSecond: all.ordersPerSecond },
          { forMs: all.rushForMs, perSecond: all.rushPerSecond },
        ],
        jitter: 1,
      })
      return {
        orders: lifecycle({
          begins,
          initial: 'placed',
          states: {
            placed: { dwellMs: exponential({ mean: 4000 }), to: { paid: 90, cancelled: 10 } },
            paid: { dwellMs: normal({ mean: 10_000, deviation: 2500 }), to: { shipped: 1 } },
            shipped: { dwellMs: normal({ mean: 15_000, deviation: 4000 }), to: { delivered: 1 } },
            delivered: { dwellMs: () => 5000, to: { over: 1 } },
            cancelled: { dwellMs: () => 2000, to: { over: 1 } },
            over: {},
          },
          event,
        }),
      }
    },
  })
  return { ...story, customers: story.entities.customers, options: all, expectations: ordersExpectations }
}

function checked(options: OrdersOptions): Required<OrdersOptions> {
  const all = filled(options, defaults)
  whole('seed', all.seed, 0, Number.MAX_SAFE_INTEGER)
  whole('customers', all.customers, 1, 100_000)
  between('ordersPerSecond', all.ordersPerSecond, 0.000_001, 100_000)
  between('rushPerSecond', all.rushPerSecond, 0, 100_000)
  whole('rushForMs', all.rushForMs, 1, 31_536_000_000)
  whole('rushEveryMs', all.rushEveryMs, 2, 31_536_000_000)
  if (all.rushForMs >= all.rushEveryMs)
    throw invalidOption('rushForMs', all.rushForMs, 'less than rushEveryMs')
  text('topic', all.topic)
  return all
}
