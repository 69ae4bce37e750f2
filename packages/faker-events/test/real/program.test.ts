import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { ConfigResourceTypes, Kafka, logLevel } from 'kafkajs'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type KafkaBroker, readTopic, startKafka } from '../../../../stack/src/kafka.js'
import { events, scenarios } from '../../src/index.js'

const cli = fileURLToPath(new URL('../../dist/cli.js', import.meta.url))
let broker: KafkaBroker

beforeAll(async () => {
  broker = await startKafka()
}, 120_000)
afterAll(() => broker?.close())

interface Ended {
  readonly code: unknown
  readonly out: string
  readonly err: string
}

async function ran(...args: readonly string[]): Promise<Ended> {
  const child = spawn(process.execPath, [cli, ...args], { stdio: ['ignore', 'pipe', 'pipe'] })
  const said = { out: '', err: '' }
  child.stdout.on('data', chunk => {
    said.out += String(chunk)
  })
  child.stderr.on('data', chunk => {
    said.err += String(chunk)
  })
  const [code] = await once(child, 'close')
  return { code, ...said }
}

test('faker-events backfills an hour into a topic that it creates, and that keeps it', async () => {
  const to = `kafka://${broker.address}/backfill`
  const args = [
    '--to',
    to,
    '--partitions',
    '2',
    '--topic-config',
    'retention.ms=-1',
    '--from',
    '2026-01-01',
    '--for',
    '1h',
    '--speed',
    'max',
    '--progress',
  ]
  const { code, out } = await ran('run', 'deployments', ...args)
  expect(code).toBe(0)
  expect(JSON.parse(out)).toMatchObject({ events: 6060, late: 0, retries: 0 })
  const records = await readTopic(broker.address, 'backfill')
  const from = Date.UTC(2026, 0, 1)
  const expected = [...events(scenarios.deployments(), { from, to: from + 3_600_000 })]
  const text = ({ key, value }: { readonly key: string | null; readonly value: unknown }): string =>
    `${key} ${typeof value === 'string' ? value : JSON.stringify(value)}`
  expect(records.map(text).sort()).toEqual(expected.map(text).sort())
  expect(new Set(records.map(({ partition }) => partition))).toEqual(new Set([0, 1]))
  const admin = new Kafka({ brokers: [broker.address], logLevel: logLevel.NOTHING }).admin()
  await admin.connect()
  const { resources } = await admin.describeConfigs({
    includeSynonyms: false,
    resources: [{ type: ConfigResourceTypes.TOPIC, name: 'backfill', configNames: ['retention.ms'] }],
  })
  await admin.disconnect()
  expect(resources[0]?.configEntries).toMatchObject([{ configName: 'retention.ms', configValue: '-1' }])
})

test('a broker that tells clients to go where they cannot is explained', async () => {
  const elsewhere = await startKafka({ advertised: 'redpanda.invalid:9092' })
  try {
    const { code, err } = await ran('run', 'orders', '--to', `kafka://${elsewhere.address}`)
    expect(code).toBe(1)
    expect(err).toContain(
      `The broker at ${elsewhere.address} was reached, but it tells clients to connect to redpanda.invalid:9092, which does not work from here.`,
    )
  } finally {
    await elsewhere.close()
  }
})

test('a topic that is not there is an error, not a new topic', async () => {
  const { code, err } = await ran(
    'run',
    'orders',
    '--to',
    `kafka://${broker.address}/typo`,
    '--for',
    '1s',
    '--speed',
    'max',
  )
  expect(code).toBe(1)
  expect(err).toBe(
    'faker-events: [SINK_FAILED] Kafka has no topic "typo". Create it, or say by --partitions with how many partitions to.\n',
  )
})
