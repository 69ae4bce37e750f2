import { invalidOption } from '../errors.js'
import { text } from '../options.js'
import { isRetryable } from '../retryable.js'
import type { GeneratedEvent, Sink } from '../types.js'
import { sink } from './contract.js'

/** A record as Kafka's clients for Node take it. */
export interface KafkaMessage {
  readonly key: string
  readonly value: string | null
  /** Epoch milliseconds, as text. */
  readonly timestamp: string
  readonly headers: Record<string, string>
}

/**
 * What we need of a producer: kafkajs's and Confluent's are accepted as they are. `send` gets exactly these two
 * keys, since Confluent's client refuses a record that as much as mentions acks, timeout or compression.
 */
export interface KafkaProducer {
  readonly send: (record: { topic: string; messages: KafkaMessage[] }) => Promise<unknown>
}

/** By whom events are sent, and where to. */
export interface KafkaOptions {
  /** Connected by its owner, who disconnects it, too: the sink does neither. */
  readonly producer: KafkaProducer
  /** Instead of each event's own topic. */
  readonly topic?: string
}

/**
 * Sends events to Kafka: the entity as the key, the event's time as the record's timestamp, and headers `seed`, `origin`,
 * `stream` and `index`, by which a consumer knows an event that comes a second time, also among those of other runs; a
 * fault is in a header, too. One `send` per topic, one at a time, in order; acknowledgements, compression and idempotence
 * are the producer's own settings. At least once. `INVALID_OPTION` if the producer has no `send`.
 */
export function kafka({ producer, topic }: KafkaOptions): Sink {
  if (typeof producer?.send !== 'function')
    throw invalidOption('producer', producer, 'an object with a method send')
  if (topic !== undefined) text('topic', topic)
  return sink({
    name: 'kafka',
    send: async events => {
      for (const [name, messages] of byTopic(events, topic)) await producer.send({ topic: name, messages })
    },
    close: async () => undefined,
    retryable: mayPass,
  })
}

function byTopic(events: readonly GeneratedEvent[], topic?: string): ReadonlyMap<string, KafkaMessage[]> {
  const topics = new Map<string, KafkaMessage[]>()
  for (const event of events) {
    const name = topic ?? event.topic
    const messages = topics.get(name) ?? []
    if (messages.push(kafkaMessage(event)) === 1) topics.set(name, messages)
  }
  return topics
}

/** The record of one event. */
function kafkaMessage(event: GeneratedEvent): KafkaMessage {
  const { seed, originMs, stream, index, timestampMs, key, value, body, headers } = event
  return {
    key,
    value: body ?? (value === null ? null : JSON.stringify(value)),
    timestamp: String(timestampMs),
    headers: { ...headers, seed: String(seed), origin: String(originMs), stream, index: String(index) },
  }
}

const wrappers: ReadonlySet<string> = new Set(['KafkaJSNumberOfRetriesExceeded', 'KafkaJSNonRetriableError'])

/**
 * kafkajs wraps an error that it will not retry itself (any more) in one that says `retriable: false`, also where the
 * broker is only away for a while: the innermost cause says what it was.
 */
function mayPass(error: unknown): boolean {
  const wraps = error instanceof Error && wrappers.has(error.name) && error.cause !== undefined
  return wraps ? mayPass(error.cause) : isRetryable(error)
}
