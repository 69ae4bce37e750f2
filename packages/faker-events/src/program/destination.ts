import { EventsError, invalidConnection, reasonOf } from '../errors.js'
import { advertisedAddress } from '../sinks/advertised.js'
import { kafka } from '../sinks/kafka.js'
import { ndjson } from '../sinks/ndjson.js'
import { postgres } from '../sinks/postgres.js'
import { kafkaTopics } from '../sinks/topics.js'
import type { Sink } from '../types.js'
import type { RunArguments } from './arguments.js'

type Destination = Pick<RunArguments, 'to' | 'topic' | 'partitions' | 'table' | 'column'>

/** A sink for `--to`, with what it needs connected; closing it gives everything back. */
export async function open(
  asked: Destination,
  scenario: string,
  output: NodeJS.WritableStream,
): Promise<Sink> {
  if (asked.to === '-') return ndjson({ stream: output as never })
  if (asked.to.startsWith('kafka://')) return openKafka(asked, scenario)
  if (/^postgres(ql)?:\/\//.test(asked.to)) {
    const { to: connection, table = scenario, column } = asked
    return postgres({ connection, table, ...(column !== undefined && { column }) })
  }
  throw invalidConnection('--to', 'kafka://host:port, a postgres:// URL, or - for standard output')
}

async function openKafka({ to, topic: named, partitions }: Destination, scenario: string): Promise<Sink> {
  const [, list = '', inUrl = ''] = /^kafka:\/\/([^/]+)(?:\/(.+))?$/.exec(to) ?? []
  const brokers = list.split(',')
  if (!brokers.every(broker => /^[^:]+:\d+$/.test(broker)))
    throw invalidConnection('--to', 'kafka://host:port, several by commas, and /topic if need be')
  const topic = named ?? (inUrl === '' ? scenario : inUrl)
  const { Kafka, logLevel } = await kafkajs()
  const client = new Kafka({
    clientId: 'faker-events',
    brokers,
    logLevel: logLevel.NOTHING,
    // The run has retries of its own.
    retry: { retries: 2, initialRetryTime: 100 },
  })
  const producer = client.producer({ allowAutoTopicCreation: false })
  const admin = client.admin()
  try {
    await admin.connect()
    if (partitions !== undefined) await kafkaTopics({ admin, topics: [{ topic, partitions }] })
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
