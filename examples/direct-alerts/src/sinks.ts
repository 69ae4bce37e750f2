import { alertmanager, ndjson, pagerDuty, type Sink, slack, webhook } from '@mzalert/alert-sinks'
import type { Config } from './config.js'

type Options = Readonly<Record<string, string>>

interface Kind {
  /** The option that it cannot do without comes first. */
  readonly takes: readonly [needs: string, ...others: string[]]
  readonly make: (options: Options, views: number) => readonly Sink[]
}

/** Between messages to one webhook, in milliseconds: Slack takes about one a second. */
const slackIntervalMs = 1000

const kinds: Readonly<Record<string, Kind>> = {
  alertmanager: { takes: ['url'], make: ({ url = '' }) => alertmanager({ url: url.split(',') }) },
  // Every view has a notifier of its own, and all of them share the webhook.
  slack: {
    takes: ['url'],
    make: ({ url = '' }, views) => [slack({ url, minIntervalMs: views * slackIntervalMs })],
  },
  pagerDuty: { takes: ['routingKey'], make: ({ routingKey = '' }) => [pagerDuty({ routingKey })] },
  webhook: {
    takes: ['url', 'secret'],
    make: ({ url = '', secret }) => [webhook({ url, ...(secret === undefined ? {} : { secret }) })],
  },
  ndjson: {
    takes: ['to'],
    make: ({ to }) => {
      if (to !== 'stdout')
        throw new Error(`to of sink ndjson is ${JSON.stringify(to)}. It takes stdout or none.`)
      return [ndjson({ stream: process.stdout })]
    },
  },
}

/** The sinks of a file, for one of its views; one without an address is left out. Throws a sentence for what there is not. */
export function sinksOf({ sinks, alerts }: Pick<Config, 'sinks' | 'alerts'>): readonly Sink[] {
  return sinks.flatMap(each =>
    Object.entries(each).flatMap(([kind, options]) => {
      const found = Object.hasOwn(kinds, kind) ? kinds[kind] : undefined
      if (found === undefined)
        throw new Error(
          `There is no sink ${JSON.stringify(kind)}. There is ${Object.keys(kinds).join(', ')}.`,
        )
      const [needs] = found.takes
      for (const option of Object.keys(options ?? {}))
        if (!found.takes.includes(option))
          throw new Error(`Sink ${kind} has ${option}, which is none of ${found.takes.join(', ')}.`)
      const given = options?.[needs]
      return given === undefined || given === 'none' ? [] : found.make(options, alerts.length)
    }),
  )
}
