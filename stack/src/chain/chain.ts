import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { type KafkaBroker, startKafka } from '../kafka.js'
import { freePort, type Program, program } from '../program.js'
import type { Notification } from '../webhook/notification.js'
import { receiver } from '../webhook/server.js'
import { type Configuration, configure, type Scale } from './configuration.js'
import { type ProgramName, programNames, programs } from './programs.js'
import { listening } from './receiver.js'
import { type SlackMessage, slackLike } from './slack.js'

export interface ChainOptions {
  readonly windowMs: number
  readonly threshold: number
  /** What the producer is told, by environment. */
  readonly story: Readonly<Record<string, string>>
  readonly scale: Scale
  /** Puts something between the exporter and the views, such as a proxy that makes faults. */
  readonly between?: (
    sqlPort: number,
  ) => Promise<{ readonly url: string; readonly close: () => Promise<void> }>
  /** Told of what arrives, when it does. */
  readonly onNotification?: (notification: Notification, atMs: number) => void
  readonly onSlack?: (message: SlackMessage, atMs: number) => void
}

/** The programs, Kafka, and what stands in for Slack. */
export type Part = ProgramName | 'kafka' | 'slack'

/** Every part a process of its own, as in the compose file, and receivers at the end. */
export interface Chain {
  readonly kafka: KafkaBroker
  readonly parts: Readonly<Record<Part, Pick<Program, 'start' | 'kill'>>>
  readonly urls: {
    readonly sql: string
    readonly exporter: string
    readonly prometheus: string
    readonly alertmanager: string
    readonly alertmanagerSlack: string
    readonly webhook: string
  }
  /** What the programs were told to read. */
  readonly configuration: Configuration
  /** What the programs wrote lately, for the message of a test that fails. */
  readonly output: () => string
  readonly close: () => Promise<void>
}

/**
 * Starts Apache Kafka, what stands in for Materialize, the exporter, Prometheus and two Alertmanagers on the stack's own configuration,
 * and the producer last. `prometheus`, an Alertmanager, `java` and `mvn` must be installed.
 */
export async function startChain(options: ChainOptions): Promise<Chain> {
  const folder = mkdtempSync(path.join(tmpdir(), 'mzalert-chain-'))
  const ends: (() => unknown)[] = [() => rmSync(folder, { recursive: true, force: true, maxRetries: 5 })]
  const close = async (): Promise<void> => {
    for (const end of ends.splice(0).reverse()) await end()
  }
  try {
    return await started(options, folder, ends, close)
  } catch (error) {
    await close()
    throw error
  }
}

async function started(
  { between, onNotification, onSlack, ...settings }: ChainOptions,
  folder: string,
  ends: (() => unknown)[],
  close: () => Promise<void>,
): Promise<Chain> {
  const webhook = await listening(
    receiver({ onNotification: notification => onNotification?.(notification, Date.now()) }),
  )
  ends.push(webhook.kill)
  const slack = await listening(slackLike(message => onSlack?.(message, Date.now())))
  ends.push(slack.kill)

  const free = async (): Promise<string> => `127.0.0.1:${await freePort()}`
  const addresses = {
    materialize: await free(),
    exporter: await free(),
    prometheus: await free(),
    alertmanager: await free(),
    alertmanagerSlack: await free(),
    producer: await free(),
    webhook: webhook.address,
    slackUrl: `http://${slack.address}/services/T000/B000/secret`,
  }
  const configuration = configure(folder, addresses, settings.scale)
  const kafka = await startKafka()
  ends.push(kafka.close)
  await kafka.createTopic('deployments', 3)
  await kafka.createTopic('customers', 1, { 'cleanup.policy': 'compact' })

  const sql = `postgres://materialize@${addresses.materialize}/materialize`
  const way = await between?.(Number(new URL(sql).port))
  if (way) ends.push(way.close)
  const table = programs({
    ...settings,
    folder,
    addresses,
    configuration,
    kafka: kafka.address,
    sqlUrl: way?.url ?? sql,
  })
  const running = programNames.map(name => program({ name, ...table[name] }))
  for (const each of running) {
    ends.push(each.kill)
    await each.start()
  }
  const named = Object.fromEntries(running.map(each => [each.name, each])) as Record<ProgramName, Program>
  const http = (address: string): string => `http://${address}`
  return {
    kafka,
    parts: { ...named, kafka, slack },
    urls: {
      sql,
      exporter: http(addresses.exporter),
      prometheus: http(addresses.prometheus),
      alertmanager: http(addresses.alertmanager),
      alertmanagerSlack: http(addresses.alertmanagerSlack),
      webhook: http(addresses.webhook),
    },
    configuration,
    output: () => running.map(({ name, output }) => `── ${name}\n${output()}`).join('\n'),
    close,
  }
}
