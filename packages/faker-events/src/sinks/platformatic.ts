import type { KafkaProducer } from './kafka.js'

/** A record as Platformatic's client takes it. */
export interface PlatformaticMessage {
  readonly topic: string
  readonly key: string
  readonly value: string
  readonly timestamp: bigint
  readonly headers: Record<string, string>
}

/** What we need of Platformatic's producer, made with `serializers: stringSerializers`. */
export interface PlatformaticProducer {
  readonly send: (options: { messages: PlatformaticMessage[] }) => Promise<unknown>
}

/**
 * Makes Platformatic's producer one that `kafka()` takes. Make it with `acks: -1` (its own default is that of the
 * leader) and `partitioner: compatibilityPartitioner`, so that keys go where Java's clients and kafkajs put them.
 */
export function platformatic(producer: PlatformaticProducer): KafkaProducer {
  return {
    send: ({ topic, messages }) =>
      producer.send({
        messages: messages.map(({ key, value, timestamp, headers }) => ({
          topic,
          key,
          // It takes null for a deletion, whatever its types say.
          value: value as string,
          timestamp: BigInt(timestamp),
          headers,
        })),
      }),
  }
}
