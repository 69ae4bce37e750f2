import { type DeploymentsScenario, kafka, run, type Sink } from '@mzalert/faker-events'
import { Kafka, logLevel } from 'kafkajs'
import { reach, type Waiting } from './broker.js'
import { customersOf } from './customers.js'

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

/** Waits for the broker, brings the customers into their compacted topic, and gives a sink for the events. */
export async function openKafka(
  { brokers, topic = 'deployments', customersTopic = 'customers', partitions = 0 }: KafkaDestination,
  scenario: DeploymentsScenario,
  waiting: Waiting,
): Promise<Sink> {
  const retry = { retries: 2, initialRetryTime: 100 }
  const client = new Kafka({
    clientId: 'mzalert-producer',
    brokers: [...brokers],
    logLevel: logLevel.NOTHING,
    retry,
  })
  const compacted = { topic: customersTopic, partitions: 1, config: { 'cleanup.policy': 'compact' } }
  await reach(
    { client, brokers, topics: [{ topic, partitions }, compacted], creates: partitions > 0 },
    waiting,
  )
  const producer = client.producer({ allowAutoTopicCreation: false })
  await producer.connect()
  try {
    await run({ scenario: customersOf(scenario), sink: kafka({ producer, topic: customersTopic }) })
  } catch (error) {
    await producer.disconnect()
    throw error
  }
  const { send } = kafka({ producer, topic })
  return { send, close: () => producer.disconnect() }
}
