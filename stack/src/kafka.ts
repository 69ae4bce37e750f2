import { execFile } from 'node:child_process'
import { statSync } from 'node:fs'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { freePort, program } from './program.js'
import { until } from './until.js'

const host = '127.0.0.1'
const home = fileURLToPath(new URL('../test/kafka/', import.meta.url))
const clusterId = 'bXphbGVydC1rYWZrYS0wMQ'

const run = promisify(execFile)

export interface KafkaBrokerOptions {
  /** Where clients find it. Default 0: any free port. */
  readonly port?: number
  /** What it tells clients to connect to, `host:port`. Default: where it is. */
  readonly advertised?: string
  /** More lines of its configuration, over ours. */
  readonly properties?: Readonly<Record<string, string | number | boolean>>
}

/** A single-node Apache Kafka in KRaft mode. */
export interface KafkaBroker {
  /** `host:port`, for a client's list of brokers. */
  readonly address: string
  readonly port: number
  /** Ends it as a power cut would (SIGKILL). Its data stays. */
  readonly kill: () => Promise<void>
  /** Starts it again, on the same port and the same data; resolves when it serves. */
  readonly start: () => Promise<void>
  /** Makes a topic and waits until it has leaders. */
  readonly createTopic: (
    topic: string,
    partitions?: number,
    config?: Readonly<Record<string, string>>,
  ) => Promise<void>
  /** Ends it and removes its data. */
  readonly close: () => Promise<void>
}

/**
 * Starts Apache Kafka from Maven Central in a temporary folder, and resolves when it serves. Topics are never made
 * by being named. It needs `java` and, the first time, `mvn`; without them it rejects with a sentence that says so.
 */
export async function startKafka(options: KafkaBrokerOptions = {}): Promise<KafkaBroker> {
  const libraries = await classPath()
  const port = options.port || (await freePort())
  const folder = await mkdtemp(path.join(tmpdir(), 'mzalert-kafka-'))
  const configuration = path.join(folder, 'server.properties')
  await writeFile(configuration, await properties(options, port, path.join(folder, 'data')))
  const java = (...args: readonly string[]): string[] => [
    '-Xms128m',
    '-Xmx512m',
    '-XX:+UseSerialGC',
    '-Xlog:disable',
    `-Dlog4j.configuration=file:${path.join(home, 'log4j.properties')}`,
    ...args,
  ]
  const env = { CLASSPATH: libraries }
  const broker = program({
    name: 'kafka',
    command: 'java',
    args: java('kafka.Kafka', configuration),
    env,
    readyText: 'Kafka Server started',
  })
  const tool = async (...args: readonly string[]): Promise<void> => {
    await run('java', java(...args), { env: { ...process.env, ...env } }).catch(
      explain('java', 'default-jre-headless'),
    )
  }
  const address = `${host}:${port}`
  const close = async (): Promise<void> => {
    await broker.kill()
    await rm(folder, { recursive: true, force: true, maxRetries: 5 })
  }
  try {
    await tool('kafka.tools.StorageTool', 'format', '-t', clusterId, '-c', configuration)
    await broker.start()
  } catch (error) {
    await close()
    throw error
  }
  return {
    address,
    port,
    kill: broker.kill,
    start: broker.start,
    createTopic: async (topic, partitions = 1, config = {}) => {
      await tool(
        ...['org.apache.kafka.tools.TopicCommand', '--bootstrap-server', address, '--create'],
        ...['--topic', topic, '--partitions', String(partitions), '--replication-factor', '1'],
        ...Object.entries(config).flatMap(([name, value]) => ['--config', `${name}=${value}`]),
      )
      await until(`${topic} has leaders`, () => isLed(address, topic, partitions))
    },
    close,
  }
}

/** A broker says who leads a partition a moment before it does: only one that leads answers for its offsets. */
async function isLed(address: string, topic: string, partitions: number): Promise<boolean> {
  const asked = Array.from({ length: partitions }, (_, partition) => ['-t', `${topic}:${partition}:-1`])
  return run('kcat', ['-b', address, '-Q', ...asked.flat()]).then(
    () => true,
    () => false,
  )
}

/** One record of a topic, as kcat reads it. */
export interface KafkaRecord {
  readonly topic: string
  readonly partition: number
  readonly offset: number
  /** Epoch milliseconds. */
  readonly timestampMs: number
  readonly headers: Readonly<Record<string, string>>
  readonly key: string | null
  readonly value: string | null
}

interface KcatRecord {
  readonly topic: string
  readonly partition: number
  readonly offset: number
  readonly ts: number
  readonly headers?: readonly string[]
  readonly key: string | null
  readonly payload: string | null
}

/** Every record of a topic up to its present end, read by kcat: partition by partition, each in order. */
export async function readTopic(address: string, topic: string): Promise<readonly KafkaRecord[]> {
  const args = ['-b', address, '-C', '-t', topic, '-o', 'beginning', '-e', '-q', '-J']
  const { stdout } = await run('kcat', args, { maxBuffer: 1_073_741_824 }).catch(explain('kcat', 'kcat'))
  return stdout
    .split('\n')
    .slice(0, -1)
    .map(line => record(JSON.parse(line) as KcatRecord))
    .sort((one, other) => one.partition - other.partition || one.offset - other.offset)
}

function record({ ts, headers = [], payload, ...rest }: KcatRecord): KafkaRecord {
  const named: Record<string, string> = {}
  for (let at = 0; at < headers.length; at += 2) named[headers[at] ?? ''] = headers[at + 1] ?? ''
  return {
    topic: rest.topic,
    partition: rest.partition,
    offset: rest.offset,
    timestampMs: ts,
    headers: named,
    key: rest.key,
    value: payload,
  }
}

async function properties(options: KafkaBrokerOptions, port: number, data: string): Promise<string> {
  const controllerPort = await freePort()
  const all = {
    'process.roles': 'broker,controller',
    'node.id': 1,
    'controller.quorum.voters': `1@${host}:${controllerPort}`,
    listeners: `PLAINTEXT://${host}:${port},CONTROLLER://${host}:${controllerPort}`,
    'advertised.listeners': `PLAINTEXT://${options.advertised ?? `${host}:${port}`}`,
    'controller.listener.names': 'CONTROLLER',
    'listener.security.protocol.map': 'PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT',
    'log.dirs': data,
    // A broker that was killed is let in again when its session has ended.
    'broker.session.timeout.ms': 3000,
    'broker.heartbeat.interval.ms': 500,
    'auto.create.topics.enable': false,
    'offsets.topic.num.partitions': 1,
    'offsets.topic.replication.factor': 1,
    'transaction.state.log.num.partitions': 1,
    'transaction.state.log.replication.factor': 1,
    'transaction.state.log.min.isr': 1,
    'group.initial.rebalance.delay.ms': 0,
    ...options.properties,
  }
  return Object.entries(all)
    .map(([name, value]) => `${name}=${value}\n`)
    .join('')
}

/** The class path as Maven writes it. It is asked once, and again after the pom has changed. */
async function classPath(): Promise<string> {
  const pom = path.join(home, 'pom.xml')
  const written = path.join(home, 'target', 'classpath')
  const writtenMs = statSync(written, { throwIfNoEntry: false })?.mtimeMs ?? 0
  if (writtenMs <= statSync(pom).mtimeMs)
    await run('mvn', ['-q', '-B', '-f', pom, 'package']).catch(explain('mvn', 'maven'))
  return (await readFile(written, 'utf8')).trim()
}

function explain(command: string, debianPackage: string): (error: unknown) => never {
  return error => {
    const isAbsent = error instanceof Error && 'code' in error && error.code === 'ENOENT'
    if (!isAbsent) throw error
    throw new Error(`${command} is not installed. On Debian: apt-get install ${debianPackage}`, {
      cause: error,
    })
  }
}
