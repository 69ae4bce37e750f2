import { unlessStopped } from '../delivery/clock.js'
import { invalidOption, reasonOf, sendFailed, sendRejected } from '../errors.js'
import type { Alert, Sink } from '../types.js'
import { record } from './record.js'

/** A record as Kafka's clients for Node take it. */
export interface KafkaMessage {
  readonly key: string
  /** null is a tombstone: compaction removes the key. */
  readonly value: string | null
  /** Milliseconds since 1970, as text. */
  readonly timestamp: string
  readonly headers: Record<string, string>
}

/** What is used of a producer: kafkajs's and Confluent's are accepted as they are. */
export interface KafkaProducer {
  readonly send: (record: { topic: string; messages: KafkaMessage[] }) => Promise<unknown>
}

/** What `kafka()` takes. */
export interface KafkaOptions {
  /** Connected by its owner, who disconnects it, too. */
  readonly producer: KafkaProducer
  /** Compacted, so that it holds what fires. */
  readonly topic: string
  /** Default: `kafka`. */
  readonly name?: string
  /** Default: 1000. */
  readonly batchSize?: number
  readonly timeoutMs?: number
}

/**
 * A compacted topic that holds what fires: the fingerprint is the key, the alert as JSON the value, and its end a tombstone. Headers
 * `status`, `startsAt` and `endsAt` are on both. One `send` at a time, also when one took longer than it may, so that the records
 * of an alert are in order within its partition.
 */
export function kafka({ producer, topic, name = 'kafka', batchSize = 1000, timeoutMs }: KafkaOptions): Sink {
  if (typeof producer?.send !== 'function')
    throw invalidOption('producer', producer, 'an object with a method send')
  if (typeof topic !== 'string' || topic === '') throw invalidOption('topic', topic, 'the name of a topic')
  let before: Promise<unknown> = Promise.resolve()
  return {
    name,
    batchSize,
    ...(timeoutMs === undefined ? {} : { timeoutMs }),
    send: async (alerts, { nowMs, signal }) => {
      try {
        // A producer cannot be told to stop: records of before would land after these, were they not waited for.
        await unlessStopped(
          signal,
          before.catch(() => {}),
        )
        signal.throwIfAborted()
        before = Promise.resolve(
          producer.send({ topic, messages: alerts.map(alert => message(alert, nowMs)) }),
        )
        await before
      } catch (cause) {
        signal.throwIfAborted()
        const sentence = `Kafka topic ${JSON.stringify(topic)} did not take the alerts: ${reasonOf(cause)}.`
        // kafkajs says `retriable: false` also of what it has given up for now: only the size is the alert's own fault.
        throw isTooLarge(cause) ? sendRejected(sentence, cause) : sendFailed(sentence, { cause })
      }
    },
  }
}

function message(alert: Alert, nowMs: number): KafkaMessage {
  const { fingerprint, status, startsAtMs, endsAtMs } = alert
  const endsAt = endsAtMs === undefined ? {} : { endsAt: new Date(endsAtMs).toISOString() }
  return {
    key: fingerprint,
    value: status === 'firing' ? JSON.stringify(record(alert)) : null,
    timestamp: String(nowMs),
    headers: { status, startsAt: new Date(startsAtMs).toISOString(), ...endsAt },
  }
}

function isTooLarge(error: unknown): boolean {
  const { type, cause } = Object(error) as { readonly type?: unknown; readonly cause?: unknown }
  return type === 'MESSAGE_TOO_LARGE' || (cause !== undefined && isTooLarge(cause))
}
