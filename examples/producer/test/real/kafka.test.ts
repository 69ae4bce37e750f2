import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { afterEach, expect, test } from 'vitest'
import { type KafkaBroker, readTopic, startKafka } from '../../../../stack/src/kafka.js'

const ends: (() => Promise<unknown> | unknown)[] = []
afterEach(async () => {
  for (const end of ends.splice(0).reverse()) await end()
})

interface Producer {
  readonly err: () => string
  readonly url: () => string
  readonly stop: () => Promise<unknown>
}

/** The built program, into Kafka. */
function start(environment: Readonly<Record<string, string>>): Producer {
  const main = fileURLToPath(new URL('../../dist/main.js', import.meta.url))
  const env = { SINK: 'kafka', PORT: '0', EVENTS_PER_SECOND: '50', FIRST_SPIKE_MS: '0', ...environment }
  const child = spawn(process.execPath, [main], { env, stdio: ['ignore', 'inherit', 'pipe'] })
  ends.push(() => child.kill('SIGKILL'))
  let err = ''
  child.stderr.on('data', chunk => {
    err += String(chunk)
  })
  const ended = once(child, 'close').then(([code]) => code)
  return {
    err: () => err,
    url: () => /health and metrics at (\S+)/.exec(err)?.[1] ?? '',
    stop: () => {
      child.kill('SIGTERM')
      return ended
    },
  }
}

async function broker(advertised?: string): Promise<KafkaBroker> {
  const started = await startKafka(advertised === undefined ? {} : { advertised })
  ends.push(() => started.close())
  return started
}

async function until(condition: () => Promise<boolean> | boolean): Promise<void> {
  const deadline = performance.now() + 50_000
  while (!(await condition())) {
    if (performance.now() > deadline) throw new Error('never became true')
    await new Promise(resolve => setTimeout(resolve, 50))
  }
}

const isReady = async (producer: Producer): Promise<boolean> =>
  (await fetch(`${producer.url()}/-/ready`)).status === 200

test('the producer waits for a broker that is not there yet, creates its topics, sends, and ends cleanly', async () => {
  const kafka = await broker()
  await kafka.kill()
  const producer = start({ KAFKA_BROKERS: kafka.address, KAFKA_PARTITIONS: '2' })
  await until(() => producer.err().includes(`waiting for Kafka at ${kafka.address}: `))
  expect(await isReady(producer)).toBe(false)
  await kafka.start()
  await until(() => isReady(producer))
  expect(await producer.stop()).toBe(0)
  const sent = Number(/(\d+) events, \d+ batches, \d+ late, \d+ retries\n$/.exec(producer.err())?.[1])
  const records = await readTopic(kafka.address, 'deployments')
  expect(sent).toBeGreaterThanOrEqual(100)
  expect(new Set(records.map(({ headers }) => JSON.stringify(headers))).size).toBe(sent)
  expect(
    (await readTopic(kafka.address, 'customers')).map(({ key }) => Number(key)).sort((a, b) => a - b),
  ).toEqual(Array.from({ length: 40 }, (_, index) => index + 1))
}, 120_000)

test('the producer waits for topics that somebody else creates', async () => {
  const kafka = await broker()
  await kafka.createTopic('customers')
  const producer = start({ KAFKA_BROKERS: kafka.address })
  await until(() => producer.err().includes('waiting for the topics deployments: create them'))
  await kafka.createTopic('deployments', 3)
  await until(() => isReady(producer))
  expect(await producer.stop()).toBe(0)
}, 120_000)

test('the producer says when the broker sends it where it cannot go, and can be stopped', async () => {
  const kafka = await broker('redpanda.invalid:9092')
  const producer = start({ KAFKA_BROKERS: kafka.address, KAFKA_PARTITIONS: '1' })
  await until(() => producer.err().includes(`${kafka.address} answers, but advertises redpanda.invalid:9092`))
  expect(producer.err()).toContain('From the host use 127.0.0.1:19092, from a container redpanda:9092.')
  expect(await producer.stop()).toBe(0)
}, 120_000)
