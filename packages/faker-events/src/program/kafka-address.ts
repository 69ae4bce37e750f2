import type { SASLOptions } from 'kafkajs'
import { invalidConnection } from '../errors.js'

const mechanisms = ['plain', 'scram-sha-256', 'scram-sha-512'] as const

/** Where a Kafka is, and who it lets in. */
export interface KafkaAddress {
  /** Each `host:port`. */
  readonly brokers: readonly string[]
  readonly topic: string | undefined
  readonly ssl: boolean
  readonly sasl: SASLOptions | undefined
}

const shape =
  /^kafka(?<ssl>\+ssl)?:\/\/(?:(?<username>[^:@/]+):(?<password>[^@/]*)@)?(?<list>[^/@?]+)(?:\/(?<topic>[^?]+)?)?(?:\?sasl=(?<mechanism>[\w-]+))?$/

/**
 * Reads `kafka://[user:password@]host:port[,host:port][/topic][?sasl=scram-sha-256]`, or `kafka+ssl://…` for TLS; user and
 * password as in a URL, with % for what is special there. Undefined for what is no address of a Kafka at all;
 * `INVALID_OPTION`, without the password, for one that is not understood.
 */
export function kafkaAddress(to: string): KafkaAddress | undefined {
  if (!/^kafka(\+ssl)?:/.test(to)) return undefined
  const { ssl, username, password = '', list = '', topic, mechanism: asked } = shape.exec(to)?.groups ?? {}
  const brokers = list.split(',')
  const mechanism = mechanisms.find(name => name === (asked ?? 'plain'))
  const isUnderstood = mechanism !== undefined && (asked === undefined || username !== undefined)
  if (!isUnderstood || !brokers.every(broker => /^[^:]+:\d+$/.test(broker))) throw notUnderstood()
  return {
    brokers,
    topic,
    ssl: ssl !== undefined,
    sasl:
      username === undefined
        ? undefined
        : { mechanism, username: decoded(username), password: decoded(password) },
  }
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text)
  } catch {
    throw notUnderstood()
  }
}

function notUnderstood(): Error {
  return invalidConnection(
    '--to',
    `kafka://host:port or kafka+ssl://user:password@host:port, several hosts by commas, /topic if need be, and ?sasl= with ${mechanisms.join(', ')}`,
  )
}
