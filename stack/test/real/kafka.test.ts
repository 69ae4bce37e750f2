import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import { afterAll, beforeAll, expect, onTestFinished, test, vi } from 'vitest'
import { type KafkaBroker, readTopic, startKafka } from '../../src/kafka.js'

const run = promisify(execFile)
let broker: KafkaBroker

beforeAll(async () => {
  broker = await startKafka()
}, 120_000)
afterAll(() => broker?.close())

function produce(topic: string, key: string, value: string): Promise<unknown> {
  const command = `printf '%s\\n' '${key}:${value}' | kcat -b ${broker.address} -P -t ${topic} -K : -H stream=trickle -H index=7`
  return run('sh', ['-c', command])
}

test('what is sent to a real Kafka is read back: partition, offset, headers, key and value', async () => {
  await broker.createTopic('greetings')
  await produce('greetings', '17', 'hello')
  expect(await readTopic(broker.address, 'greetings')).toMatchObject([
    {
      topic: 'greetings',
      partition: 0,
      offset: 0,
      headers: { stream: 'trickle', index: '7' },
      key: '17',
      value: 'hello',
    },
  ])
})

test('what a killed Kafka had acknowledged is there after it was started again', async () => {
  await broker.createTopic('kept', 3)
  await produce('kept', 'a', 'before')
  await broker.kill()
  await broker.start()
  await produce('kept', 'b', 'after')
  const values = (await readTopic(broker.address, 'kept')).map(({ value }) => value)
  expect(values.sort()).toEqual(['after', 'before'])
})

test('a topic is not made by being named', async () => {
  const list = await run('kcat', ['-b', broker.address, '-L', '-t', 'typo'])
  expect(list.stdout).toContain('Unknown topic or partition')
})

test('clients are sent to the address that it advertises', async () => {
  const elsewhere = await startKafka({ advertised: 'redpanda:9092' })
  try {
    const { stdout } = await run('kcat', ['-b', elsewhere.address, '-L'])
    expect(stdout).toContain('broker 1 at redpanda:9092')
  } finally {
    await elsewhere.close()
  }
}, 120_000)

test('where Java is not installed, the sentence says how to get it', async () => {
  vi.stubEnv('PATH', '/nowhere')
  onTestFinished(() => void vi.unstubAllEnvs())
  await expect(startKafka()).rejects.toThrow('java is not installed. On Debian: apt-get install')
})
