import { spawn } from 'node:child_process'
import { once } from 'node:events'

/** A Kafka without a disk: librdkafka's mock cluster, which answers in milliseconds. */
export interface MockKafka {
  /** `host:port`, for a client's list of brokers. */
  readonly address: string
  readonly close: () => Promise<void>
}

/**
 * Starts it inside of kcat, with one broker and one topic of four partitions. It knows Metadata, Produce, Fetch and offsets, by
 * which kafkajs and kcat send and read, but not CreateTopics: a topic is there as soon as librdkafka names it. Debian's
 * kcat has no option for it (`-M`, in other builds); its properties have.
 */
export async function mockKafka(topic: string): Promise<MockKafka> {
  const properties = ['-X', 'test.mock.num.brokers=1', '-X', 'bootstrap.servers=replaced:1']
  const child = spawn('kcat', ['-C', '-u', '-t', topic, '-d', 'mock', ...properties], {
    stdio: ['ignore', 'ignore', 'pipe'],
  })
  const end = (): boolean => child.kill('SIGKILL')
  // A test runner that is ended leaves nothing behind.
  process.once('exit', end)
  const closed = once(child, 'close').finally(() => process.off('exit', end))
  let said = ''
  const address = await new Promise<string>((resolve, reject) => {
    child.once('error', reject)
    child.once('close', () => reject(new Error(`kcat ended before its cluster was there. It said:\n${said}`)))
    child.stderr.on('data', chunk => {
      said = (said + String(chunk)).slice(-8000)
      const [, found] = /bootstrap\.servers=(127\.0\.0\.1:\d+)/.exec(said) ?? []
      if (found !== undefined && said.includes(`Created topic "${topic}"`)) resolve(found)
    })
  })
  return {
    address,
    close: async () => {
      end()
      await closed
    },
  }
}
