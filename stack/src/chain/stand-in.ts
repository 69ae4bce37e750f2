#!/usr/bin/env node
/**
 * Plays Materialize and its Kafka sources: the embedded engine with the same models, and the two topics read into its tables.
 * Like a Materialize that starts again, it shows its views only once it has read what the topics have.
 */
import { startEngine } from '@mzalert/local-engine'
import { type EachBatchPayload, Kafka, logLevel } from 'kafkajs'
import pg from 'pg'
import { models } from '../models.js'

const {
  KAFKA_BROKERS = '127.0.0.1:19092',
  SQL_PORT = '6875',
  WINDOW_MS = '30000',
  THRESHOLD = '25',
} = process.env
const topics = ['deployments', 'customers']
const inserts: Readonly<Record<string, string>> = {
  deployments: 'INSERT INTO deployments SELECT value FROM unnest($1::jsonb[]) AS value',
  customers: `INSERT INTO customers
    SELECT DISTINCT ON (1) (value->>'customer_id')::int, value->>'customer_name', value->>'tier'
    FROM unnest($1::jsonb[]) WITH ORDINALITY AS row (value, position) ORDER BY 1, position DESC
    ON CONFLICT (customer_id) DO UPDATE SET customer_name = excluded.customer_name, tier = excluded.tier`,
}

const windowMs = Number(WINDOW_MS)
const [sources, ...views] = models('local', { windowMs, threshold: Number(THRESHOLD) })
const engine = await startEngine({
  port: Number(SQL_PORT),
  historyMs: 60_000,
  retain: [{ table: 'deployments', timestampMs: "(data->>'event_ts')::bigint * 1000", forMs: windowMs * 2 }],
})
await engine.execute(sources?.sql ?? '')
const tables = new pg.Client(engine.url)
await tables.connect()

const retry = { initialRetryTime: 100, maxRetryTime: 1000, retries: 1_000_000 }
const client = new Kafka({
  clientId: 'mzalert-stand-in',
  brokers: KAFKA_BROKERS.split(','),
  logLevel: logLevel.NOTHING,
  connectionTimeout: 2000,
  requestTimeout: 5000,
  retry,
})
const admin = client.admin()
await admin.connect()
/** Per partition, where the topic ended when we started; taken out once it was read. */
const missing = new Map<string, number>()
for (const topic of topics)
  for (const { partition, high } of await admin.fetchTopicOffsets(topic))
    if (Number(high) > 0) missing.set(`${topic} ${partition}`, Number(high))
await admin.disconnect()

/** What comes next in each partition: a batch may come again after a loss, and must not count twice. */
const next = new Map<string, number>()
let isReady = false

async function take({ batch }: EachBatchPayload): Promise<void> {
  const key = `${batch.topic} ${batch.partition}`
  const fresh = batch.messages.filter(({ offset }) => Number(offset) >= (next.get(key) ?? 0))
  const values = fresh.flatMap(({ value }) => (value ? [value.toString('utf8')] : []))
  if (values.length > 0) await tables.query(inserts[batch.topic] ?? '', [values])
  const end = Number(batch.lastOffset()) + 1
  next.set(key, Math.max(end, next.get(key) ?? 0))
  if (end >= (missing.get(key) ?? 0)) missing.delete(key)
  await show()
}

async function show(): Promise<void> {
  if (isReady || missing.size > 0) return
  isReady = true
  for (const { sql } of views) await engine.execute(sql)
  process.stdout.write('ready\n')
}

// A group of its own: the one of a process that was killed would have to be waited for.
const consumer = client.consumer({
  groupId: `stand-in-${process.pid}-${Date.now()}`,
  sessionTimeout: 6000,
  heartbeatInterval: 500,
  maxWaitTimeInMs: 50,
  retry,
})
await consumer.connect()
await consumer.subscribe({ topics, fromBeginning: true })
await consumer.run({ autoCommit: false, eachBatch: take })
await show()
