import { setTimeout as delay } from 'node:timers/promises'
import { advertisedAddress, EventsError, type KafkaTopic, kafkaTopics } from '@mzalert/faker-events'
import type { Kafka, Producer } from 'kafkajs'
import { reasonOf } from './reason.js'

/** What to hear of while there is no broker, and how to end the waiting. */
export interface Waiting {
  readonly signal?: AbortSignal
  readonly onWait?: (sentence: string) => void
}

/** What is to be there. */
export interface Reached {
  readonly client: Kafka
  /** Is connected once the rest is there. */
  readonly producer: Producer
  readonly brokers: readonly string[]
  readonly topics: readonly KafkaTopic[]
  /** Creates the topics that are missing, instead of waiting for somebody who does. */
  readonly creates: boolean
}

const pauseMs = 2000

/** Resolves when the broker has answered, at the address that it advertises, too, the topics are there, and the producer is connected. */
export async function reach(wanted: Reached, { signal, onWait }: Waiting): Promise<void> {
  for (;;) {
    const waitsFor = await missing(wanted)
    if (waitsFor === undefined) return
    onWait?.(`waiting for ${waitsFor}`)
    await delay(pauseMs, undefined, signal && { signal })
  }
}

/** What is not there yet, in words; undefined if nothing is missing. */
async function missing({ client, producer, brokers, topics, creates }: Reached): Promise<string | undefined> {
  const admin = client.admin()
  try {
    await admin.connect()
    const there = await admin.listTopics()
    const absent = topics.filter(({ topic }) => !there.includes(topic))
    if (creates) await kafkaTopics({ admin, topics: absent })
    else if (absent.length > 0)
      return `the topics ${absent.map(({ topic }) => topic).join(', ')}: create them, or set KAFKA_PARTITIONS`
    await producer.connect()
    return undefined
  } catch (error) {
    // What the broker has refused it will refuse again.
    if (EventsError.is(error) && !error.retryable) throw error
    return sentence(error, brokers)
  } finally {
    await admin.disconnect()
  }
}

function sentence(error: unknown, brokers: readonly string[]): string {
  const reason = reasonOf(error)
  const address = advertisedAddress(error, brokers)
  if (address === undefined) return `Kafka at ${brokers.join(', ')}: ${reason}`
  return (
    `Kafka: ${brokers.join(', ')} answers, but advertises ${address}, which does not work from here (${reason}). ` +
    'From the host use 127.0.0.1:19092, from a container redpanda:9092.'
  )
}
