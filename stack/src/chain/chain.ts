import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { type KafkaBroker, startKafka } from '../kafka.js'
import { stackFolder } from '../paths.js'
import type { Notification } from '../webhook/notification.js'
import { receiver } from '../webhook/server.js'
import { type Configuration, configure, type Scale } from './configuration.js'
import { freePort, type Program, program } from './program.js'
import { type SlackMessage, slackLike } from './slack.js'

const host = '127.0.0.1'
const repository = path.join(stackFolder, '..')

export interface ChainOptions {
  readonly windowMs: number
  readonly threshold: number
  /** What the producer is told, by environment. */
  readonly story: Readonly<Record<string, string>>
  readonly scale: Scale
  /** Told of what arrives, when it does. */
  readonly onNotification?: (notification: Notification, atMs: number) => void
  readonly onSlack?: (message: SlackMessage, atMs: number) => void
}

const parts = ['producer', 'kafka', 'materialize', 'exporter', 'prometheus', 'alertmanager'] as const
export type Part = (typeof parts)[number]

/** Every part a process of its own, as in the compose file, and receivers at the end. */
export interface Chain {
  readonly kafka: KafkaBroker
  readonly parts: Readonly<Record<Part, Pick<Program, 'start' | 'kill'>>>
  readonly urls: {
    readonly sql: string
    readonly exporter: string
    readonly prometheus: string
    readonly alertmanager: string
  }
  /** What the programs were told to read. */
  readonly configuration: Configuration
  /** What a program wrote lately, for the message of a test that fails. */
  readonly output: () => string
  readonly close: () => Promise<void>
}

/**
 * Starts Apache Kafka, what stands in for Materialize, the exporter, Prometheus and two Alertmanagers on the stack's own configuration,
 * and the producer last. `prometheus`, an Alertmanager, `java` and `mvn` must be installed.
 */
export async function startChain(options: ChainOptions): Promise<Chain> {
  const { windowMs, threshold, story, scale, onNotification, onSlack } = options
  const folder = mkdtempSync(path.join(tmpdir(), 'mzalert-chain-'))
  const ends: (() => unknown)[] = [() => rmSync(folder, { recursive: true, force: true, maxRetries: 5 })]
  const close = async (): Promise<void> => {
    for (const end of ends.splice(0).reverse()) await end()
  }
  try {
    const webhook = receiver({
      onNotification: notification => onNotification?.(notification, Date.now()),
    })
    const slack = slackLike(message => onSlack?.(message, Date.now()))
    for (const server of [webhook, slack]) {
      await once(server.listen(0, host), 'listening')
      ends.push(() => {
        server.close()
        server.closeAllConnections()
      })
    }
    const [sqlPort, exporterPort, prometheusPort, alertmanagerPort, slackPort] = [
      await freePort(),
      await freePort(),
      await freePort(),
      await freePort(),
      await freePort(),
    ]
    const at = (port: number): string => `${host}:${port}`
    const portOf = (server: typeof webhook): number => (server.address() as AddressInfo).port
    const configuration = configure(
      folder,
      {
        exporter: at(exporterPort),
        prometheus: at(prometheusPort),
        alertmanager: at(alertmanagerPort),
        alertmanagerSlack: at(slackPort),
        webhook: at(portOf(webhook)),
        slackUrl: `http://${at(portOf(slack))}/services/T000/B000/secret`,
      },
      scale,
    )
    const kafka = await startKafka()
    ends.push(() => kafka.close())
    await kafka.createTopic('deployments', 3)
    await kafka.createTopic('customers', 1, { 'cleanup.policy': 'compact' })

    const sql = `postgres://materialize@${at(sqlPort)}/materialize`
    const node = (name: string, file: string, env: Record<string, string>, ready: object): Program =>
      program({ name, command: process.execPath, args: [path.join(repository, file)], env, ...ready })
    const materialize = node(
      'materialize',
      'stack/dist/stand-in.js',
      {
        KAFKA_BROKERS: kafka.address,
        SQL_PORT: String(sqlPort),
        WINDOW_MS: String(windowMs),
        THRESHOLD: String(threshold),
      },
      { readyText: 'ready\n' },
    )
    const exporter = node(
      'exporter',
      'examples/exporter/dist/main.js',
      { MZ_URL: sql, PORT: String(exporterPort) },
      { readyUrl: `http://${at(exporterPort)}/-/ready` },
    )
    const prometheus = program({
      name: 'prometheus',
      command: 'prometheus',
      args: [
        `--config.file=${configuration.prometheus}`,
        `--storage.tsdb.path=${path.join(folder, 'data')}`,
        `--web.listen-address=${at(prometheusPort)}`,
        // What an Alertmanager that comes back does not know, it is told again after so long; a minute by default.
        '--rules.alert.resend-delay=2s',
      ],
      readyUrl: `http://${at(prometheusPort)}/-/ready`,
    })
    const alerting = (name: string, file: string, port: number): Program =>
      program({
        name,
        // Debian's name for it.
        command: 'prometheus-alertmanager',
        args: [
          `--config.file=${file}`,
          `--storage.path=${path.join(folder, `data-${name}`)}`,
          `--web.listen-address=${at(port)}`,
          '--cluster.listen-address=',
        ],
        readyUrl: `http://${at(port)}/-/ready`,
      })
    const alertmanager = alerting('alertmanager', configuration.alertmanager, alertmanagerPort)
    const alertmanagerSlack = alerting('alertmanager-slack', configuration.alertmanagerSlack, slackPort)
    const producer = node(
      'producer',
      'examples/producer/dist/main.js',
      { SINK: 'kafka', KAFKA_BROKERS: kafka.address, ...story },
      {},
    )
    const programs = [materialize, exporter, alertmanager, alertmanagerSlack, prometheus, producer]
    for (const each of programs) {
      ends.push(each.kill)
      await each.start()
    }
    return {
      kafka,
      parts: { producer, kafka, materialize, exporter, prometheus, alertmanager },
      urls: {
        sql,
        exporter: `http://${at(exporterPort)}`,
        prometheus: `http://${at(prometheusPort)}`,
        alertmanager: `http://${at(alertmanagerPort)}`,
      },
      configuration,
      output: () => programs.map(({ name, output }) => `── ${name}\n${output()}`).join('\n'),
      close,
    }
  } catch (error) {
    await close()
    throw error
  }
}
