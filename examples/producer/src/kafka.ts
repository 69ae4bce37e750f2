import { type DeploymentsScenario, kafka, run, type Scenario, type Sink } from '@mzalert/faker-events'

export interface KafkaDestination {
  readonly sink: 'kafka'
  readonly brokers: readonly string[]
  /** Default 'deployments'. */
  readonly topic?: string
  /** A compacted topic. Default 'customers'. */
  readonly customersTopic?: string
  /** Creates the topics that are missing, that of the events with so many partitions. Default 0: they are there. */
  readonly partitions?: number
}

/** Brings the customers into their compacted topic, and gives a sink for the events. */
export async function openKafka(destination: KafkaDestination, scenario: DeploymentsScenario): Promise<Sink> {
  const { brokers, topic = 'deployments', customersTopic = 'customers', partitions = 0 } = destination
  const { Kafka, logLevel } = await import('kafkajs')
  const client = new Kafka({
    clientId: 'mzalert-producer',
    brokers: [...brokers],
    logLevel: logLevel.NOTHING,
  })
  if (partitions > 0) {
    const admin = client.admin()
    const compacted = [{ name: 'cleanup.policy', value: 'compact' }]
    const topics = [
      { topic, numPartitions: partitions },
      { topic: customersTopic, numPartitions: 1, configEntries: compacted },
    ]
    await admin.connect()
    await admin.createTopics({ topics }).finally(() => admin.disconnect())
  }
  const producer = client.producer({ allowAutoTopicCreation: false })
  await producer.connect()
  const customers = kafka({ producer, topic: customersTopic })
  await run({ scenario: customersOf(scenario), sink: customers }).catch(async error => {
    await producer.disconnect()
    throw error
  })
  const { send } = kafka({ producer, topic })
  return { send, close: () => producer.disconnect() }
}

/** The reference rows as one event each, all due at once. */
function customersOf({ seed, customers }: DeploymentsScenario): Scenario {
  const at: Scenario['streams'][number]['at'] = (index, timestampMs) => {
    const value = customers[index]
    return {
      stream: 'customers',
      index,
      timestampMs,
      topic: 'customers',
      key: String(value?.customer_id),
      value,
    }
  }
  return { name: 'customers', seed, streams: [{ name: 'customers', count: customers.length, at }] }
}
