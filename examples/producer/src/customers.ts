import type { DeploymentsScenario, Scenario } from '@mzalert/faker-events'

/** The reference rows as one event each, all due at once. */
export function customersOf({ seed, customers }: DeploymentsScenario): Scenario {
  const at: Scenario['streams'][number]['at'] = (index, originMs) => {
    const value = customers[index]
    return {
      stream: 'customers',
      index,
      seed,
      originMs,
      timestampMs: originMs,
      topic: 'customers',
      key: String(value?.customer_id),
      value,
    }
  }
  return { name: 'customers', seed, streams: [{ name: 'customers', count: customers.length, at }] }
}
