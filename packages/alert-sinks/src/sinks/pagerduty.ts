import { invalidOption, invalidSecret } from '../errors.js'
import type { Alert, Sink } from '../types.js'
import { endpoint, type Fetch, post } from './http.js'
import { cut, titleOf } from './presentation.js'
import { reveal, type Secret } from './secrets.js'

/** How urgent PagerDuty shows an incident. */
export type PagerDutySeverity = 'critical' | 'error' | 'warning' | 'info'

/** What `pagerDuty()` takes. */
export interface PagerDutyOptions {
  /** The integration key of a service, which is a secret; a function is called for every event. */
  readonly routingKey: Secret
  /** Default: `pagerduty`. */
  readonly name?: string
  /** What is affected. Default: label `instance`, else `organization`, else the alert's name. */
  readonly source?: (alert: Alert) => string
  /** Default: label `severity` if PagerDuty knows it, else `error`. */
  readonly severity?: (alert: Alert) => PagerDutySeverity
  /** What makes an incident one. Default: the fingerprint. */
  readonly dedupeKey?: (alert: Alert) => string
  /** Default: `https://events.pagerduty.com/v2/enqueue`; the EU has another. */
  readonly url?: string
  /** Events at the same time. Default: 4. */
  readonly concurrency?: number
  readonly timeoutMs?: number
  readonly fetch?: Fetch
}

const severities: readonly string[] = ['critical', 'error', 'warning', 'info']

/**
 * PagerDuty's Events API v2: an alert that fires triggers, its end resolves, and both have the fingerprint as their key, so that sending
 * twice is one incident. (https://developer.pagerduty.com/docs/events-api-v2-overview)
 */
export function pagerDuty(options: PagerDutyOptions): Sink {
  const { routingKey, name = 'pagerduty', concurrency = 4, timeoutMs } = options
  const { url: given = 'https://events.pagerduty.com/v2/enqueue' } = options
  if (typeof routingKey !== 'function' && (typeof routingKey !== 'string' || routingKey === ''))
    throw invalidSecret('routingKey', 'an integration key, or a function that gives it')
  const { url, origin, headers } = endpoint(given, () => invalidOption('url', given, 'an http or https URL'))
  return {
    name,
    batchSize: 1,
    concurrency,
    updates: false,
    ...(timeoutMs === undefined ? {} : { timeoutMs }),
    send: async ([alert], { signal, nowMs }) => {
      if (alert === undefined) return
      const key = await reveal(routingKey)
      await post({
        who: `PagerDuty (${origin})`,
        url: url.href,
        headers,
        body: JSON.stringify({ routing_key: key, ...event(alert, options) }),
        signal,
        fetch: options.fetch,
        secrets: [key],
        nowMs,
        // A key that is wrong is not the fault of the alert.
        isRejection: (status, text) => (status === 400 || status === 413) && !text.includes('routing_key'),
      })
    },
  }
}

function event(alert: Alert, { source, severity, dedupeKey }: PagerDutyOptions): object {
  const { fingerprint, status, labels, annotations, links, startsAtMs, generatorURL } = alert
  const dedup_key = cut(dedupeKey?.(alert) ?? fingerprint, 255)
  if (status === 'resolved') return { event_action: 'resolve', dedup_key }
  const { instance, organization, alertname = 'alert' } = labels
  return {
    event_action: 'trigger',
    dedup_key,
    payload: {
      summary: cut(titleOf(alert), 1024),
      source: cut(source?.(alert) ?? instance ?? organization ?? alertname, 255),
      severity: severity?.(alert) ?? severityOf(labels['severity']),
      timestamp: new Date(startsAtMs).toISOString(),
      class: alertname,
      custom_details: { labels, annotations },
    },
    links: Object.entries(links).map(([text, href]) => ({ href, text })),
    ...(generatorURL === undefined ? {} : { client: 'mzalert', client_url: generatorURL }),
  }
}

function severityOf(label: string | undefined): string {
  return label !== undefined && severities.includes(label) ? label : 'error'
}
