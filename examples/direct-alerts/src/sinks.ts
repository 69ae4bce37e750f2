import { alertmanager, ndjson, pagerDuty, type Sink, slack, webhook } from '@mzalert/alert-sinks'
import type { Config } from './config.js'

type Options = Readonly<Record<string, string>>

/** By kind: which option it cannot do without, and how it is made. */
const kinds: Readonly<Record<string, readonly [needs: string, make: (options: Options) => readonly Sink[]]>> =
  {
    alertmanager: ['url', ({ url = '' }) => alertmanager({ url: url.split(',') })],
    slack: ['url', ({ url = '' }) => [slack({ url })]],
    pagerDuty: ['routingKey', ({ routingKey = '' }) => [pagerDuty({ routingKey })]],
    webhook: [
      'url',
      ({ url = '', secret }) => [webhook({ url, ...(secret === undefined ? {} : { secret }) })],
    ],
    ndjson: ['to', () => [ndjson({ stream: process.stdout })]],
  }

/** The sinks of a file; one without an address is left out. Throws a sentence for a kind that there is not. */
export function sinksOf({ sinks }: Pick<Config, 'sinks'>): readonly Sink[] {
  return sinks.flatMap(each =>
    Object.entries(each).flatMap(([kind, options]) => {
      const [needs, make] = kinds[kind] ?? []
      if (needs === undefined || make === undefined)
        throw new Error(
          `There is no sink ${JSON.stringify(kind)}. There is ${Object.keys(kinds).join(', ')}.`,
        )
      return options?.[needs] === undefined || options[needs] === 'none' ? [] : make(options)
    }),
  )
}
