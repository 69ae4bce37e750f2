import { type Pick, weighted, zipf } from '../distributions.js'
import type { Random } from '../random.js'
import { nameSource } from './names.js'

/** All organizations, in the order in which customers are dealt to them. */
export const organizations = ['A', 'B', 'C', 'D'] as const
/** One of four. */
export type Organization = (typeof organizations)[number]

const tiers = ['enterprise', 'standard', 'free'] as const
/** What a customer pays for. */
export type Tier = (typeof tiers)[number]

/** A row of the reference table that events are joined with. */
export interface Customer {
  /** From 1. */
  readonly customer_id: number
  /** Unique, and the same for an id whatever the number of customers. */
  readonly customer_name: string
  readonly organization: Organization
  readonly tier: Tier
}

/** The customers of one organization, most active first. */
export interface Membership {
  readonly organization: Organization
  readonly customers: readonly Customer[]
  /** Draws a position in `customers`, the first ones most often. */
  readonly pick: Pick
}

const pickTier = weighted([20, 50, 30])

/**
 * `count` customers (1 to 100,000), dealt to the organizations in turn: a customer is a function of (seed, id).
 * The first of each organization, who is also its most active, is an enterprise.
 */
export function makeCustomers(random: Random, count: number): readonly Customer[] {
  const draw = nameSource()
  const taken = new Set<string>()
  return Array.from({ length: count }, (_, position) => {
    const own = random.at(position)
    const first = position < organizations.length
    const drawn = tiers[pickTier(own)] ?? 'free'
    let customer_name = draw(own)
    // A name that somebody with a smaller id has is drawn again; the number makes sure that this ends.
    for (let tries = 1; taken.has(customer_name); tries++)
      customer_name = tries < 8 ? draw(own) : `${draw(own)} ${position + 1}`
    taken.add(customer_name)
    return {
      customer_id: position + 1,
      customer_name,
      organization: organizations[position % organizations.length] ?? 'A',
      tier: first ? 'enterprise' : drawn,
    }
  })
}

/** Who belongs to whom: only organizations that have customers. */
export function memberships(customers: readonly Customer[]): readonly Membership[] {
  return organizations
    .map(organization => ({
      organization,
      customers: customers.filter(customer => customer.organization === organization),
    }))
    .filter(({ customers: own }) => own.length > 0)
    .map(membership => ({ ...membership, pick: zipf(membership.customers.length) }))
}
