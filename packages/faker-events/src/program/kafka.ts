import { EventsError, reasonOf } from '../errors.js'
import { advertisedAddress } from '../sinks/advertised.js'
import { kafka } from '../sinks/kafka.js'
import { kafkaTopics } from '../sinks/topics.js'
import type { Sink } from '../types.js'
import type { KafkaAddress } from './kafka-address.js'

/** Where the events go, and how the topic is made if it is not there. */
interface Wanted extends KafkaAddress {
  readonly topic: string
  /** Undefined: the topic is there. */
  readonly partitions: number | undefined
  readonly config: Readonly<Record<string, string>>
}

/** A sink with a producer of its own, connected; closing it disconnects. `SINK_FAILED` if that does not work, or there is no topic. */
export async function openKafka({ brokers, ssl, sasl, topic, partitions, config }: Wanted): Promise<Sink> {
  const { Kafka, logLevel } = await kafkajs()
  const client = new Kafka({
    clientId: 'faker-events',
    brokers: [...brokers],
    ssl,
    ...(sasl && { sasl }),
    logLevel: logLevel.NOTHING,
    // The run has retries of its own.
    retry: { retries: 2, initialRetryTime: 100 },
  })
  const producer = client.producer({ allowAutoTopicCreation: false })
  const admin = client.admin()
  try {
    await admin.connect()
    if (partitions !== undefined) await kafkaTopics({ admin, topics: [{ topic, partitions, config }] })
    else if (!(await admin.listTopics()).includes(topic)) throw noTopic(topic)
    await producer.connect()
  } catch (error) {
    throw EventsError.is(error) && !error.retryable ? error : explained(error, brokers)
  } finally {
    await admin.disconnect()
  }
  const { send, close } = kafka({ producer, topic })
  return {
    send,
    close: async () => {
      await close()
      await producer.disconnect()
    },
  }
}

function noTopic(topic: string): EventsError {
  return new EventsError(
    'SINK_FAILED',
    `Kafka has no topic ${JSON.stringify(topic)}. Create it, or say by --partitions with how many partitions to.`,
    { details: { topic } },
  )
}

async function kafkajs(): Promise<typeof import('kafkajs')> {
  try {
    return await import('kafkajs')
  } catch (cause) {
    throw new EventsError('INVALID_OPTION', 'kafka:// needs the package kafkajs: npm install kafkajs.', {
      cause,
    })
  }
}

function explained(error: unknown, brokers: readonly string[]): EventsError {
  const address = advertisedAddress(error, brokers)
  const hint =
    address === undefined
      ? 'Is it running, and is this its address?'
      : `The broker at ${brokers.join(', ')} was reached, but it tells clients to connect to ${address}, which does not work from here. Use a listener that it advertises to this side.`
  return new EventsError('SINK_FAILED', `Kafka at ${brokers.join(', ')}: ${reasonOf(error)}. ${hint}`, {
    cause: error,
    details: { brokers, address },
  })
}
