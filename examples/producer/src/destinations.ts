import {
  type DeploymentsScenario,
  kafka,
  ndjson,
  postgres,
  postgresRows,
  run,
  type Scenario,
  type Sink,
} from '@mzalert/faker-events'

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

export interface TableDestination {
  readonly sink: 'postgres'
  readonly databaseUrl: string
  /** Default 'deployments'. */
  readonly table?: string
  /** The column of type jsonb. Default 'data'. */
  readonly column?: string
  /** Default 'customers'. */
  readonly customersTable?: string
}

export interface OutputDestination {
  readonly sink: 'ndjson'
}

/** Where the events go, and the customers they refer to. */
export type Destination = KafkaDestination | TableDestination | OutputDestination

/** Brings the scenario's customers there (not to standard output), and gives a sink for its events. */
export async function open(destination: Destination, scenario: DeploymentsScenario): Promise<Sink> {
  switch (destination.sink) {
    case 'kafka':
      return openKafka(destination, scenario)
    case 'postgres':
      return openTable(destination, scenario)
    case 'ndjson':
      return ndjson({ stream: process.stdout })
  }
}

async function openTable(
  destination: TableDestination,
  { customers: rows }: DeploymentsScenario,
): Promise<Sink> {
  const { databaseUrl: connection, table = 'deployments', column = 'data' } = destination
  const columns = ['customer_id', 'customer_name', 'tier'] as const
  await postgresRows({ connection, table: destination.customersTable ?? 'customers', columns, rows })
  return postgres({ connection, table, column })
}

async function openKafka(destination: KafkaDestination, scenario: DeploymentsScenario): Promise<Sink> {
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
