import type { KafkaJS } from '@confluentinc/kafka-javascript'
import {
  compatibilityPartitioner,
  Producer as PlatformaticClient,
  stringSerializers,
} from '@platformatic/kafka'
import { Kafka, logLevel } from 'kafkajs'
import { afterAll, beforeAll, describe, expect, expectTypeOf, test } from 'vitest'
import { type KafkaBroker, type KafkaRecord, readTopic, startKafka } from '../../../../stack/src/kafka.js'
import {
  events,
  type GeneratedEvent,
  type KafkaAdmin,
  type KafkaProducer,
  kafka,
  kafkaTopics,
  type PlatformaticProducer,
  platformatic,
  run,
  scenarios,
  virtualClock,
  withFaults,
} from '../../src/index.js'
import { first, origin, rejection } from '../support/story.js'

let broker: KafkaBroker
let client: Kafka

beforeAll(async () => {
  broker = await startKafka()
  client = new Kafka({ brokers: [broker.address], logLevel: logLevel.NOTHING })
}, 120_000)
afterAll(() => broker?.close())

interface Connected {
  readonly producer: KafkaProducer
  readonly end: () => Promise<void>
}

const clients = {
  kafkajs: async (): Promise<Connected> => {
    // Its own retries would hide ours.
    const producer = client.producer({ allowAutoTopicCreation: false, retry: { retries: 0 } })
    await producer.connect()
    return { producer, end: () => producer.disconnect() }
  },
  platformatic: async (): Promise<Connected> => {
    const producer = new PlatformaticClient({
      clientId: 'faker-events',
      bootstrapBrokers: [broker.address],
      serializers: stringSerializers,
      partitioner: compatibilityPartitioner,
      acks: -1,
    })
    return { producer: platformatic(producer), end: () => producer.close() }
  },
} as const

/** What a record says of which event it is. */
const idOf = ({ headers: { seed, origin: from, stream, index } }: KafkaRecord): string =>
  `${seed} ${from} ${stream} ${index}`

/** A record as the event it is made of says it should be. */
function recordOf(event: GeneratedEvent): unknown {
  const { seed, originMs, stream, index, key, value, body, timestampMs, headers } = event
  return {
    key,
    value: body ?? (value === null ? null : JSON.stringify(value)),
    timestampMs,
    headers: { ...headers, seed: String(seed), origin: String(originMs), stream, index: String(index) },
  }
}

function bare({ key, value, timestampMs, headers }: KafkaRecord): unknown {
  return { key, value, timestampMs, headers }
}

/** Where each key went, and its records in order. */
function byKey<Item extends { readonly key: string | null }>(all: readonly Item[]): Map<string, Item[]> {
  const keys = new Map<string, Item[]>()
  for (const item of all) keys.set(item.key ?? '', [...(keys.get(item.key ?? '') ?? []), item])
  return keys
}

describe.each(Object.entries(clients))('a real Kafka, by %s', (name, connect) => {
  test('E3: has every event byte by byte, in the order of its key, faults and deletions included', async () => {
    const topic = `whole-${name}`
    await broker.createTopic(topic, 3)
    const faulty = withFaults(scenarios.orders({ seed: 7 }), {
      late: 0.02,
      duplicated: 0.05,
      dropped: 0.05,
      malformed: 0.02,
      clockSkewed: 0.05,
    })
    const range = { from: origin, to: origin + 300_000 }
    const { producer, end } = await connect()
    const stats = await run({
      scenario: faulty,
      sink: kafka({ producer, topic }),
      ...range,
      clock: virtualClock(range.to),
    })
    await end()
    const records = await readTopic(broker.address, topic)
    const expected = [...events(faulty, range)]
    expect(stats.events).toBe(expected.length)
    expect(records).toHaveLength(expected.length)
    const wanted = byKey(expected)
    for (const [key, own] of byKey(records)) {
      expect(own.map(bare)).toEqual(wanted.get(key)?.map(recordOf))
      expect(new Set(own.map(({ partition }) => partition)).size).toBe(1)
    }
    expect(records.filter(({ headers }) => headers['fault'] === 'malformed').length).toBeGreaterThan(10)
    expect(records.filter(({ value }) => value === null).length).toBeGreaterThan(100)
  })

  test('E4: is killed and comes back in the middle of a run: every event arrives, in order, and what comes twice says so', async () => {
    const topic = `killed-${name}`
    await broker.createTopic(topic, 3)
    const scenario = scenarios.deployments({ seed: 7, eventsPerSecond: 2000, spikeEvents: 0 })
    const from = Date.now()
    const { producer, end } = await connect()
    let back: Promise<void> | undefined
    const stats = await run({
      scenario,
      sink: kafka({ producer, topic }),
      from,
      to: from + 8000,
      retry: { maxMs: 500, maxAttempts: 200 },
      onBatch: ({ stats: { events: sent } }) => {
        if (sent > 4000) back ??= broker.kill().then(() => broker.start())
      },
    })
    await back
    await end()
    expect(stats.retries).toBeGreaterThan(0)
    const records = await readTopic(broker.address, topic)
    const known = new Set<string>()
    const unique = records.filter(record => !known.has(idOf(record)) && known.add(idOf(record)))
    const expected = [...events(scenario, { from, to: from + 8000 })]
    expect(stats.events).toBe(expected.length)
    expect(unique).toHaveLength(expected.length)
    const wanted = byKey(expected)
    for (const [key, own] of byKey(unique)) expect(own.map(bare)).toEqual(wanted.get(key)?.map(recordOf))
  }, 120_000)

  test('puts a key where the other client puts it', async () => {
    const topic = `keys-${name}`
    await broker.createTopic(topic, 7)
    const { producer, end } = await connect()
    const scenario = scenarios.deployments()
    const range = { from: origin, to: origin + 60_000, clock: virtualClock(origin + 60_000) }
    // A partition may have no leader yet: a run tries again.
    await run({ scenario, sink: kafka({ producer, topic }), ...range })
    await end()
    const records = await readTopic(broker.address, topic)
    const places = Object.fromEntries(
      [...byKey(records)].sort().map(([key, own]) => [key, own[0]?.partition]),
    )
    expect(places).toMatchObject({ '1': expect.any(Number) })
    const reference = client.producer()
    await reference.connect()
    const probe = `probe-${name}`
    await broker.createTopic(probe, 7)
    await reference.send({ topic: probe, messages: Object.keys(places).map(key => ({ key, value: '' })) })
    await reference.disconnect()
    for (const { key, partition } of await readTopic(broker.address, probe))
      expect(places[key ?? '']).toBe(partition)
  })
})

test("Confluent's and Platformatic's producers and admins fit by their types", () => {
  expectTypeOf<KafkaJS.Producer>().toExtend<KafkaProducer>()
  expectTypeOf<KafkaJS.Admin>().toExtend<KafkaAdmin>()
  expectTypeOf<PlatformaticClient<string, string, string, string>>().toExtend<PlatformaticProducer>()
  // @ts-expect-error It has another shape, which is what the adapter is for.
  expectTypeOf<PlatformaticClient<string, string, string, string>>().toExtend<KafkaProducer>()
})

describe('topics', () => {
  test('that are missing are created, with their partitions and settings, and the others stay as they are', async () => {
    const admin = client.admin()
    await admin.connect()
    const topics = [
      { topic: 'asked', partitions: 3 },
      { topic: 'compacted', partitions: 1, replicas: 1, config: { 'cleanup.policy': 'compact' } },
    ]
    expect(await kafkaTopics({ admin, topics })).toEqual(['asked', 'compacted'])
    const more = [
      { topic: 'asked', partitions: 9 },
      { topic: 'another', partitions: 2 },
    ]
    expect(await kafkaTopics({ admin, topics: more })).toEqual(['another'])
    const { topics: found } = await admin.fetchTopicMetadata({ topics: ['asked', 'compacted', 'another'] })
    expect(found.map(({ name, partitions }) => [name, partitions.length]).sort()).toEqual([
      ['another', 2],
      ['asked', 3],
      ['compacted', 1],
    ])
    const refused = kafkaTopics({ admin, topics: [{ topic: 'too wide', partitions: 1 }] })
    expect(await rejection(refused)).toMatchObject({ code: 'SINK_FAILED', retryable: false })
    await admin.disconnect()
  })

  test('are not created by sending to them: that fails', async () => {
    const { producer, end } = await clients.kafkajs()
    const sent = kafka({ producer, topic: 'nobody-made-it' }).send(
      first(1, events(scenarios.orders(), { from: origin })),
    )
    expect(await rejection(sent)).toMatchObject({ code: 'SINK_FAILED' })
    await end()
  })
})
