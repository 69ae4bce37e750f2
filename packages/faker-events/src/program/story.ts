import { EventsError } from '../errors.js'
import { withFaults } from '../faults/faults.js'
import { scenarios } from '../scenarios/index.js'
import type { Scenario } from '../types.js'
import type { RunArguments } from './arguments.js'

type Options = Readonly<Record<string, number | string>>

/** How each scenario is made, and which of its options is the rate of its steady part. */
const known: Readonly<
  Record<
    string,
    { readonly make: (options: Options) => Scenario; readonly rate: string; readonly says: string }
  >
> = {
  deployments: {
    make: options => scenarios.deployments(options),
    rate: 'eventsPerSecond',
    says: 'a past, a steady trickle, and a spike in one organization each minute',
  },
  incident: {
    make: options => scenarios.incident(options),
    rate: 'deploysPerSecond',
    says: 'services that deploy; one fails, one falls silent, one flaps, and all recover',
  },
  orders: {
    make: options => scenarios.orders(options),
    rate: 'ordersPerSecond',
    says: 'orders that are placed, paid, shipped and deleted, with a rush each minute',
  },
}

/** What `list` prints: a scenario a line. */
export const list: string = Object.entries(known)
  .map(([name, { says }]) => `${name.padEnd(13)}${says}\n`)
  .join('')

/** The scenario that is asked for. `INVALID_OPTION` if there is none of that name, or for an option. */
export function storyOf({ scenario: name, options, rate, faults }: RunArguments): Scenario {
  const found = known[name]
  if (found === undefined)
    throw new EventsError(
      'INVALID_OPTION',
      `There is no scenario ${JSON.stringify(name)}. Use one of ${Object.keys(known).join(', ')}.`,
    )
  const story = found.make({ ...options, ...(rate !== undefined && { [found.rate]: rate }) })
  return faults === undefined ? story : withFaults(story, faults)
}
