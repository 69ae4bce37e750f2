import { parseArgs } from 'node:util'

/** What the demo was asked for; times in milliseconds. */
export interface DemoOptions {
  /** Runs so long, prints a summary and ends; undefined: until Ctrl-C. */
  readonly runMs: number | undefined
  readonly spikeEveryMs: number
  readonly windowMs: number
  readonly threshold: number
  readonly seed: number
  readonly sqlPort: number
  readonly metricsPort: number
  /** Whether prometheus and alertmanager are started too. */
  readonly prometheus: boolean
  /** Whether alerts are also sent directly, without Prometheus in between. */
  readonly direct: boolean
  /** An Alertmanager that is told directly, too. */
  readonly alertmanagerUrl: string | undefined
}

export const help = `The whole chain in one command: events -> embedded engine -> views -> exporter -> /metrics and a live page.

  npm run demo -- [options]

  --seconds N        run for N seconds, print a summary, and fail if no alert fired and resolved
  --spike-every N    seconds between spikes of deployments            60
  --window N         seconds that a deployment counts                 30
  --threshold N      an organization fires above so many              25
  --seed N           another seed, another story                      7
  --sql-port N       where psql and clients connect                   6875, or a free one
  --metrics-port N   where /metrics and the page are                  9884, or a free one
  --prometheus       also start prometheus and alertmanager, if they are on the PATH
  --direct           also send alerts straight to a Slack-shaped receiver, which prints them
  --alertmanager URL with --direct, send them to this Alertmanager, too
  --help             this text`

/** Reads the command line; undefined if help was asked for. Throws an Error with one clear sentence for what cannot be. */
export function readOptions(args: readonly string[]): DemoOptions | undefined {
  const text = { type: 'string' } as const
  const flag = { type: 'boolean', default: false } as const
  const { values } = parseArgs({
    args: [...args],
    options: {
      seconds: text,
      'spike-every': text,
      window: text,
      threshold: text,
      seed: text,
      'sql-port': text,
      'metrics-port': text,
      prometheus: flag,
      direct: flag,
      alertmanager: text,
      help: flag,
    },
  })
  if (values.help) return undefined
  const number = (
    name: Exclude<keyof typeof values, 'help' | 'prometheus' | 'direct' | 'alertmanager'>,
    byDefault: number,
    least: number,
  ): number => {
    const given = values[name]
    if (given === undefined) return byDefault
    const value = Number(given)
    if (given.trim() === '' || !Number.isInteger(value) || value < least)
      throw new Error(`--${name} is ${JSON.stringify(given)}. It takes a whole number of at least ${least}.`)
    return value
  }
  const { alertmanager } = values
  if (alertmanager !== undefined && !(URL.canParse(alertmanager) && /^https?:/.test(alertmanager)))
    throw new Error(`--alertmanager is ${JSON.stringify(alertmanager)}. It takes an http or https URL.`)
  const seconds = number('seconds', 0, 1)
  return {
    runMs: seconds === 0 ? undefined : seconds * 1000,
    spikeEveryMs: number('spike-every', 60, 1) * 1000,
    windowMs: number('window', 30, 1) * 1000,
    threshold: number('threshold', 25, 0),
    seed: number('seed', 7, 0),
    sqlPort: number('sql-port', 6875, 0),
    metricsPort: number('metrics-port', 9884, 0),
    prometheus: values.prometheus,
    direct: values.direct || alertmanager !== undefined,
    alertmanagerUrl: alertmanager,
  }
}
