import { type DeploymentsScenario, kafka, run, type Sink } from '@mzalert/faker-events'
import { Kafka, logLevel, type SASLOptions } from 'kafkajs'
import { reach, type Waiting } from './broker.js'
import { customersOf } from './customers.js'
import { patience } from './patience.js'
import { reasonOf } from './reason.js'

/** A Kafka or Redpanda, and its topics. */
export interface KafkaDestination {
  readonly sink: 'kafka'
  readonly brokers: readonly string[]
  /** Speaks TLS, and believes the authorities that Node does. Default: false. */
  readonly ssl?: boolean
  /** Who it is. Default: nobody asks. */
  readonly sasl?: SASLOptions
  /** Default: 'deployments'. */
  readonly topic?: string
  /** A compacted topic. Default: 'customers'. */
  readonly customersTopic?: string
  /** Creates the topics that are missing, that of the events with so many partitions. Default: 0, they are there. */
  readonly partitions?: number
}

/** Waits for the broker, brings the customers into their compacted topic, and gives a sink for the events. */
export async function openKafka(
  destination: KafkaDestination,
  scenario: DeploymentsScenario,
  waiting: Waiting,
): Promise<Sink> {
  const { brokers, topic = 'deployments', customersTopic = 'customers', partitions = 0 } = destination
  const client = clientOf(destination)
  const producer = client.producer({ allowAutoTopicCreation: false })
  const compacted = { topic: customersTopic, partitions: 1, config: { 'cleanup.policy': 'compact' } }
  const topics = [{ topic, partitions }, compacted]
  try {
    await reach({ client, producer, brokers, topics, creates: partitions > 0 }, waiting)
    await sendCustomers(scenario, kafka({ producer, topic: customersTopic }), waiting)
  } catch (error) {
    await producer.disconnect()
    throw error
  }
  const { send } = kafka({ producer, topic })
  return { send, close: () => producer.disconnect() }
}

function clientOf({ brokers, ssl = false, sasl }: KafkaDestination): Kafka {
  return new Kafka({
    clientId: 'mzalert-producer',
    brokers: [...brokers],
    ssl,
    ...(sasl && { sasl }),
    logLevel: logLevel.NOTHING,
    retry: { retries: 2, initialRetryTime: 100 },
  })
}

async function sendCustomers(
  scenario: DeploymentsScenario,
  sink: Sink,
  { signal, onWait }: Waiting,
): Promise<void> {
  await run({
    scenario: customersOf(scenario),
    sink,
    retry: patience,
    ...(signal && { signal }),
    onRetry: ({ error }) => onWait?.(`waiting for Kafka to take the customers: ${reasonOf(error)}`),
  })
}
