import { invalidOption, invalidSecret } from '../errors.js'
import type { Alert, Sink } from '../types.js'
import { endpoint, type Fetch, type Headers, post, withHeaders } from './http.js'
import { annotationsWithLinks } from './presentation.js'

/** What `alertmanager()` takes. */
export interface AlertmanagerOptions {
  /** One, or every instance of a cluster: never a load balancer before them. A user and a password may be in it. */
  readonly url: string | readonly string[]
  /** Default: `alertmanager`; each instance is called so, with its host. */
  readonly name?: string
  readonly headers?: Headers
  /** Alerts that fire are sent again so often, in milliseconds. Default: 60 000. */
  readonly resendMs?: number
  /** An alert that is not sent again resolves after so long, in milliseconds. Default: four times `resendMs`. */
  readonly endsAfterMs?: number
  /** Ends are sent again for so long, in milliseconds. Default: 900 000. */
  readonly resolvedForMs?: number
  /** Default: 256. */
  readonly batchSize?: number
  readonly timeoutMs?: number
  readonly fetch?: Fetch
}

/**
 * Alertmanager's API v2, as Prometheus uses it: each instance has a queue of its own, alerts that fire are sent again every minute with an
 * end four minutes ahead, so that they resolve by themselves should nobody send them any more, and ends are sent again for a quarter of an
 * hour. Links become annotations `<name>_url`. (https://prometheus.io/docs/alerting/latest/alerts_api/)
 */
export function alertmanager(options: AlertmanagerOptions): readonly Sink[] {
  const {
    name = 'alertmanager',
    resendMs = 60_000,
    resolvedForMs = 900_000,
    batchSize = 256,
    timeoutMs,
  } = options
  const { endsAfterMs = 4 * resendMs } = options
  if (!(resendMs > 0)) throw invalidOption('resendMs', resendMs, 'a number of milliseconds above 0')
  if (!(endsAfterMs > resendMs))
    throw invalidOption(
      'endsAfterMs',
      endsAfterMs,
      `more than resendMs (${resendMs}), or alerts would resolve in between`,
    )
  const urls = typeof options.url === 'string' ? [options.url] : options.url
  if (!Array.isArray(urls) || urls.length === 0)
    throw invalidSecret('url', 'the URL of an Alertmanager, or a list of them')
  return urls.map((given): Sink => {
    const { url, origin, headers, secrets } = endpoint(given, () =>
      invalidSecret('url', 'the http or https URL of an Alertmanager'),
    )
    const base = url.pathname.replace(/\/+$/, '')
    const who = `Alertmanager at ${origin}`
    const target = new URL(`${base}/api/v2/alerts${url.search}`, url)
    return {
      name: `${name}/${url.host}${base}`,
      batchSize,
      ...(timeoutMs === undefined ? {} : { timeoutMs }),
      resend: { everyMs: resendMs, resolvedForMs, lapsesAfterMs: endsAfterMs },
      send: (alerts, { signal, nowMs }) =>
        post({
          who,
          url: target.href,
          headers: withHeaders(headers, options.headers),
          body: JSON.stringify(alerts.map(alert => posted(alert, nowMs + endsAfterMs))),
          signal,
          fetch: options.fetch,
          secrets,
          nowMs,
        }),
    }
  })
}

function posted(alert: Alert, endsAtMs: number): object {
  const { labels, generatorURL, startsAtMs } = alert
  return {
    labels,
    annotations: annotationsWithLinks(alert),
    startsAt: new Date(startsAtMs).toISOString(),
    endsAt: new Date(alert.endsAtMs ?? endsAtMs).toISOString(),
    ...(generatorURL === undefined ? {} : { generatorURL }),
  }
}
