import { type DeploymentsOptions, scenarios } from '@mzalert/faker-events'
import type { Destination, KafkaDestination } from './destinations.js'
import type { ProducerOptions } from './producer.js'
import { destinations } from './variables.js'

type Environment = Readonly<Record<string, string | undefined>>

const { options: story } = scenarios.deployments()

/** The scenario's options by the variable that sets each. */
const scenarioOptions = {
  SEED: ['seed', 'another seed, another story'],
  CUSTOMERS: ['customers', 'how many customers'],
  INITIAL_EVENTS: ['initialEvents', 'events in the past, to begin with'],
  EVENTS_PER_SECOND: ['eventsPerSecond', 'the steady trickle'],
  SPIKE_EVENTS: ['spikeEvents', 'events of a spike'],
  FIRST_SPIKE_MS: ['firstSpikeMs', 'from the start to the first spike'],
  SPIKE_EVERY_MS: ['spikeEveryMs', 'from spike to spike'],
} as const satisfies Record<string, readonly [keyof DeploymentsOptions, string]>

const described = [
  ...Object.entries(destinations),
  ...Object.entries(scenarioOptions).map(
    ([name, [key, what]]) => [name, [String(story[key]), what]] as const,
  ),
]

export const help: string = `Sends deployment events to Kafka, to a table, or to standard output.

Configured by the environment (in brackets, what holds otherwise):
${described.map(([name, [value, what]]) => `  ${name.padEnd(23)}${what} [${value}]`).join('\n')}

SIGINT or SIGTERM ends it: what is in hand is sent, and the exit code is 0.`

/** Reads the variables; one that is empty counts as not set. Throws a sentence that names the variable. */
export function optionsOf(environment: Environment): ProducerOptions {
  const read = (name: keyof typeof destinations): string => environment[name] || destinations[name][0]
  const scenario = Object.entries(scenarioOptions)
    .filter(([name]) => environment[name])
    .map(([name, [key]]) => [key, numberOf(name, environment[name] ?? '')])
  return { ...destinationOf(read), scenario: Object.fromEntries(scenario) }
}

function destinationOf(read: (name: keyof typeof destinations) => string): Destination {
  const sink = read('SINK')
  switch (sink) {
    case 'ndjson':
      return { sink }
    case 'postgres': {
      const [databaseUrl, table] = [read('DATABASE_URL'), read('TABLE')]
      return { sink, databaseUrl, table, column: read('COLUMN'), customersTable: read('CUSTOMERS_TABLE') }
    }
    case 'kafka':
      return {
        sink,
        brokers: read('KAFKA_BROKERS').split(','),
        ...credentials(read),
        topic: read('KAFKA_TOPIC'),
        customersTopic: read('KAFKA_CUSTOMERS_TOPIC'),
        partitions: numberOf('KAFKA_PARTITIONS', read('KAFKA_PARTITIONS')),
      }
    default:
      throw new Error(`SINK is ${JSON.stringify(sink)}. It takes kafka, postgres or ndjson.`)
  }
}

const mechanisms = ['plain', 'scram-sha-256', 'scram-sha-512'] as const

function credentials(
  read: (name: keyof typeof destinations) => string,
): Pick<KafkaDestination, 'ssl' | 'sasl'> {
  const ssl = read('KAFKA_SSL')
  if (ssl !== 'true' && ssl !== 'false')
    throw new Error(`KAFKA_SSL is ${JSON.stringify(ssl)}. It takes true or false.`)
  const [username, password] = [read('KAFKA_USERNAME'), read('KAFKA_PASSWORD')]
  const asked = read('KAFKA_SASL_MECHANISM')
  const mechanism = mechanisms.find(name => name === asked)
  if (mechanism === undefined)
    throw new Error(
      `KAFKA_SASL_MECHANISM is ${JSON.stringify(asked)}. It takes plain, scram-sha-256 or scram-sha-512.`,
    )
  return { ssl: ssl === 'true', ...(username !== 'none' && { sasl: { mechanism, username, password } }) }
}

/** Where health and metrics are served; undefined for nowhere. */
export function healthOf(
  environment: Environment,
): { readonly host: string; readonly port: number } | undefined {
  const port = environment['PORT'] || destinations.PORT[0]
  return port === 'none'
    ? undefined
    : { host: environment['HOST'] || destinations.HOST[0], port: numberOf('PORT', port) }
}

function numberOf(name: string, text: string): number {
  const value = Number(text)
  if (Number.isNaN(value)) throw new Error(`${name} is ${JSON.stringify(text)}. It takes a number.`)
  return value
}
