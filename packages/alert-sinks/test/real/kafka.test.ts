import { Kafka, logLevel, type Producer } from 'kafkajs'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type KafkaBroker, readTopic, startKafka } from '../../../../stack/src/kafka.js'
import { notify } from '../../src/notify/notifier.js'
import { kafka } from '../../src/sinks/kafka.js'
import { type Row, row } from '../support/batches.js'
import { TestSource } from '../support/source.js'
import { until } from './support.js'

let broker: KafkaBroker
let producer: Producer

beforeAll(async () => {
  broker = await startKafka()
  const client = new Kafka({ brokers: [broker.address], logLevel: logLevel.NOTHING })
  const admin = client.admin()
  await admin.connect()
  const configEntries = [{ name: 'cleanup.policy', value: 'compact' }]
  await admin.createTopics({ topics: [{ topic: 'alerts', numPartitions: 3, configEntries }] })
  await admin.disconnect()
  // Its own retries would hide ours.
  producer = client.producer({ allowAutoTopicCreation: false, retry: { retries: 0 } })
  await producer.connect()
}, 120_000)
afterAll(async () => {
  await producer?.disconnect()
  await broker?.close()
})

test('S18: the newest records of a real topic are what fires, also when the broker was killed in between', async () => {
  const source = new TestSource()
  const notifier = notify<Row>(source, {
    name: 'spike',
    labels: { org: 'org' },
    annotations: { n: '{{ n }}' },
    sinks: [kafka({ producer, topic: 'alerts', timeoutMs: 3000 })],
    retry: { initialMs: 50, maxMs: 500 },
  })
  const sent = (): Promise<void> => {
    return until('everything is sent', () => {
      const { sinks } = notifier.inspect()
      return sinks.every(({ queued, inFlight }) => queued + inFlight === 0)
    })
  }
  await source.snapshot(Array.from({ length: 20 }, (_, at) => row(`org${at}`, { n: 0 })))
  await source.changes(
    [row('org0', { n: 0 }), -1, 2000],
    [row('org1', { n: 0 }), -1, 2000],
    [row('org1', { n: 1 }), 1, 2000],
  )
  await sent()
  await broker.kill()
  await source.changes([row('org2', { n: 0 }), -1, 3000], [row('new', { n: 0 }), 1, 3000])
  await until('it was tried in vain', () => (notifier.inspect().sinks[0]?.failuresInARow ?? 0) > 0)
  await source.changes([row('new', { n: 0 }), -1, 4000], [row('org0', { n: 2 }), 1, 4000])
  await broker.start()
  await sent()
  const newest = new Map<string | null, string | null>()
  for (const { key, value } of await readTopic(broker.address, 'alerts')) newest.set(key, value)
  const firing = [...newest.values()].flatMap(value =>
    value === null ? [] : [JSON.parse(value) as { labels: { org: string }; annotations: { n: string } }],
  )
  expect(firing.map(({ labels, annotations }) => `${labels.org} ${annotations.n}`).toSorted()).toEqual(
    ['org0 2', 'org1 1', ...Array.from({ length: 17 }, (_, at) => `org${at + 3} 0`)].toSorted(),
  )
  expect([...newest.keys()].toSorted()).toHaveLength(21)
  await notifier.close()
}, 120_000)
