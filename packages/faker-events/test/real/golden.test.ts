import { readFileSync } from 'node:fs'
import { Kafka, logLevel } from 'kafkajs'
import { afterEach, expect, test } from 'vitest'
import { type KafkaRecord, readTopic } from '../../../../stack/src/kafka.js'
import { PostgresServer } from '../../../local-engine/test/support/postgres.js'
import {
  acceleratedClock,
  events,
  type GeneratedEvent,
  kafka,
  postgres,
  run,
  type Scenario,
  type Sink,
  scenarios,
} from '../../src/index.js'
import { mockKafka } from '../support/mock-kafka.js'
import { digest, first, origin } from '../support/story.js'

interface Golden {
  readonly scenario: keyof typeof scenarios
  readonly options: object
  readonly faults: object
  readonly digest: string
}

const all = JSON.parse(readFileSync(new URL('../golden.json', import.meta.url), 'utf8')) as readonly Golden[]
// When an event is sent is in no record: the late ones are compared elsewhere, each by itself.
const golden = all.filter(({ faults }) => Object.keys(faults).length === 0)
const count = 10_000

const ends: (() => Promise<unknown>)[] = []
afterEach(async () => {
  for (const end of ends.splice(0).reverse()) await end()
})

/** Sends the first ten thousand events, all of them due, and nothing else. */
async function send(scenario: Scenario, sink: Sink): Promise<void> {
  const clock = acceleratedClock(Number.POSITIVE_INFINITY)
  const stats = await run({ scenario: tenThousand(scenario), sink, from: origin, clock })
  expect(stats.events).toBe(count)
}

/** The beginning of a scenario, as one that ends. */
function tenThousand(scenario: Scenario): Scenario {
  const begun = first(count, events(scenario, { from: origin }))
  const read = function* (): Generator<GeneratedEvent, void> {
    yield* begun
  }
  const at = (index: number): GeneratedEvent => begun[index] as GeneratedEvent
  return { ...scenario, streams: [{ name: 'begun', count, at, read }] }
}

/** The event that a record was made of. */
function eventOf({ headers, timestampMs, topic, key, value }: KafkaRecord): GeneratedEvent {
  return {
    stream: headers['stream'] ?? '',
    index: Number(headers['index']),
    seed: Number(headers['seed']),
    originMs: Number(headers['origin']),
    timestampMs,
    topic,
    key: key ?? '',
    value: value === null ? null : JSON.parse(value),
  }
}

test.each(golden)(
  'E1: they are the same bytes when kcat reads them from Kafka: $scenario $options',
  async one => {
    const story: Scenario = scenarios[one.scenario](one.options)
    const topic = one.scenario
    const cluster = await mockKafka(topic)
    ends.push(cluster.close)
    const producer = new Kafka({ brokers: [cluster.address], logLevel: logLevel.NOTHING }).producer()
    await producer.connect()
    ends.push(() => producer.disconnect())
    await send(story, kafka({ producer }))
    const records = (await readTopic(cluster.address, topic)).map(eventOf)
    // Partitions have no order among them: it is that of time, of streams, and of positions.
    const place = new Map(story.streams.map(({ name }, position) => [name, position]))
    records.sort(
      (a, b) =>
        a.timestampMs - b.timestampMs ||
        (place.get(a.stream) ?? 0) - (place.get(b.stream) ?? 0) ||
        a.index - b.index,
    )
    expect(digest(records)).toBe(one.digest)
  },
)

test.each(golden)('E1: they are the same bytes in a table of PostgreSQL: $scenario $options', async one => {
  const story: Scenario = scenarios[one.scenario](one.options)
  const server = await PostgresServer.start()
  ends.push(() => server.stop())
  const client = await server.client()
  ends.push(() => client.end())
  // Other than jsonb, json keeps a text as it came.
  await client.query('CREATE TABLE golden (nth bigserial, data json)')
  const sink = postgres({ connection: server.url, table: 'golden' })
  await send(story, sink)
  await sink.close()
  const { rows } = await client.query<{ text: string }>('SELECT data::text AS text FROM golden ORDER BY nth')
  const stored = first(count, events(story, { from: origin })).map((event, nth) => {
    const text = rows[nth]?.text ?? null
    return { ...event, value: text === null ? null : JSON.parse(text) }
  })
  expect(rows).toHaveLength(count)
  expect(digest(stored)).toBe(one.digest)
})
