import path from 'node:path'
import { stackFolder } from '../paths.js'
import type { ProgramOptions } from '../program.js'
import type { Addresses, Configuration, Scale } from './configuration.js'

const repository = path.join(stackFolder, '..')

/** The programs of the chain, in the order in which they are started. */
export const programNames = [
  'materialize',
  'exporter',
  'alertmanager',
  'alertmanagerSlack',
  'prometheus',
  'producer',
] as const

export type ProgramName = (typeof programNames)[number]

export interface Situation {
  readonly folder: string
  readonly addresses: Addresses
  readonly configuration: Configuration
  readonly scale: Scale
  readonly kafka: string
  /** How the exporter reaches the views. */
  readonly sqlUrl: string
  readonly windowMs: number
  readonly threshold: number
  /** What the producer is told, by environment. */
  readonly story: Readonly<Record<string, string>>
}

/** How each program is started. */
export function programs(situation: Situation): Readonly<Record<ProgramName, Omit<ProgramOptions, 'name'>>> {
  const { addresses, configuration, folder, kafka, scale, story } = situation
  const node = (file: string): Pick<ProgramOptions, 'command' | 'args'> => ({
    command: process.execPath,
    args: [path.join(repository, file)],
  })
  const alerting = (name: 'alertmanager' | 'alertmanagerSlack'): ReturnType<typeof alertmanagerOf> =>
    alertmanagerOf(configuration[name], path.join(folder, `data-${name}`), addresses[name])
  return {
    materialize: {
      ...node('stack/dist/stand-in.js'),
      env: {
        KAFKA_BROKERS: kafka,
        SQL_PORT: portOf(addresses.materialize),
        WINDOW_MS: String(situation.windowMs),
        THRESHOLD: String(situation.threshold),
      },
      readyText: 'ready\n',
    },
    exporter: {
      ...node('examples/exporter/dist/main.js'),
      env: { MZ_URL: situation.sqlUrl, PORT: portOf(addresses.exporter) },
      ...ready(addresses.exporter),
    },
    alertmanager: alerting('alertmanager'),
    alertmanagerSlack: alerting('alertmanagerSlack'),
    prometheus: {
      command: 'prometheus',
      args: [
        `--config.file=${configuration.prometheus}`,
        `--storage.tsdb.path=${path.join(folder, 'data')}`,
        `--web.listen-address=${addresses.prometheus}`,
        // What an Alertmanager that comes back does not know, it is told again after so long; a minute by default.
        `--rules.alert.resend-delay=${scale.resendSeconds}s`,
        `--query.lookback-delta=${scale.lookbackSeconds}s`,
      ],
      ...ready(addresses.prometheus),
    },
    producer: {
      ...node('examples/producer/dist/main.js'),
      env: { SINK: 'kafka', KAFKA_BROKERS: kafka, PORT: portOf(addresses.producer), ...story },
      // Whether it is ready is up to Kafka, which may be away when it starts again.
    },
  }
}

function portOf(address: string): string {
  return address.slice(address.lastIndexOf(':') + 1)
}

/** An Alertmanager by itself, at `host:port`. */
export function alertmanagerOf(
  configuration: string,
  storage: string,
  address: string,
): Pick<ProgramOptions, 'command' | 'args' | 'readyUrl'> {
  return {
    // Debian's name for it.
    command: 'prometheus-alertmanager',
    args: [
      `--config.file=${configuration}`,
      `--storage.path=${storage}`,
      `--web.listen-address=${address}`,
      '--cluster.listen-address=',
    ],
    ...ready(address),
  }
}

function ready(address: string): Pick<ProgramOptions, 'readyUrl'> {
  return { readyUrl: `http://${address}/-/ready` }
}
