import { cut } from '../alerts/text.js'
import { invalidOption, invalidSecret } from '../errors.js'
import type { Alert, SendContext, Sink } from '../types.js'
import { endpoint, type Fetch, post } from './http.js'
import { titleOf } from './presentation.js'
import { reveal, type Secret } from './secrets.js'

/** How urgent PagerDuty shows an incident. */
export type PagerDutySeverity = 'critical' | 'error' | 'warning' | 'info'

/** What `pagerDuty()` takes. */
export interface PagerDutyOptions {
  /** The integration key of a service, which is a secret; a function is called for every event. */
  readonly routingKey: Secret
  /** Default: `pagerduty`. */
  readonly name?: string
  /** What is affected; where it throws or gives no text, and by default, label `instance`, else `organization`, else the alert's name. */
  readonly source?: (alert: Alert) => string
  /** Where it throws or gives another, and by default, label `severity` if PagerDuty knows it, else `error`. */
  readonly severity?: (alert: Alert) => PagerDutySeverity
  /** What makes an incident one. Where it throws or gives no text, and by default, the fingerprint. */
  readonly dedupeKey?: (alert: Alert) => string
  /** Default: `https://events.pagerduty.com/v2/enqueue`; the EU has another. */
  readonly url?: string
  /** Events at the same time. Default: 4. */
  readonly concurrency?: number
  readonly timeoutMs?: number
  readonly fetch?: Fetch
}

const severities: readonly PagerDutySeverity[] = ['critical', 'error', 'warning', 'info']

/**
 * PagerDuty's Events API v2: an alert that fires triggers, its end resolves, and both have the fingerprint as their key, so that sending
 * twice is one incident. (https://developer.pagerduty.com/docs/events-api-v2-overview)
 */
export function pagerDuty(options: PagerDutyOptions): Sink {
  const { routingKey, name = 'pagerduty', concurrency = 4, timeoutMs } = options
  const { url: given = 'https://events.pagerduty.com/v2/enqueue' } = options
  if (typeof routingKey !== 'function' && (typeof routingKey !== 'string' || routingKey === ''))
    throw invalidSecret('routingKey', 'an integration key, or a function that gives it')
  const { url, origin, headers, secrets } = endpoint(given, () =>
    invalidOption('url', given, 'an http or https URL'),
  )
  return {
    name,
    batchSize: 1,
    concurrency,
    updates: false,
    ...(timeoutMs === undefined ? {} : { timeoutMs }),
    send: async ([alert], { signal, nowMs, onFallback }) => {
      if (alert === undefined) return
      const key = await reveal(routingKey)
      await post({
        who: `PagerDuty (${origin})`,
        url: url.href,
        headers,
        body: JSON.stringify({ routing_key: key, ...event(alert, options, onFallback) }),
        signal,
        fetch: options.fetch,
        secrets: [...secrets, key],
        nowMs,
        // A key that is wrong is not the fault of the alert.
        isRejection: (status, text) => (status === 400 || status === 413) && !text.includes('routing_key'),
      })
    },
  }
}

function event(
  alert: Alert,
  options: PagerDutyOptions,
  onFallback: SendContext['onFallback'] = () => {},
): object {
  const { fingerprint, status, labels, annotations, links, startsAtMs, generatorURL } = alert
  const { instance, organization, alertname = 'alert' } = labels
  const chosen = <T extends string>(
    option: 'source' | 'severity' | 'dedupeKey',
    isGood: (text: unknown) => text is T,
  ): T | undefined => {
    const choose = options[option]
    if (choose === undefined) return undefined
    try {
      const text: unknown = choose(alert)
      if (isGood(text)) return text
    } catch {
      // Whoever is to be woken up needs the alert more than its details.
    }
    onFallback(option)
    return undefined
  }
  const dedup_key = cut(chosen('dedupeKey', isText) ?? fingerprint, 255)
  if (status === 'resolved') return { event_action: 'resolve', dedup_key }
  return {
    event_action: 'trigger',
    dedup_key,
    payload: {
      summary: cut(titleOf(alert), 1024),
      source: cut(chosen('source', isText) ?? instance ?? organization ?? alertname, 255),
      severity: chosen('severity', isSeverity) ?? severityOf(labels['severity']),
      timestamp: new Date(startsAtMs).toISOString(),
      class: alertname,
      custom_details: { labels, annotations },
    },
    links: Object.entries(links).map(([text, href]) => ({ href, text })),
    ...(generatorURL === undefined ? {} : { client: 'mzalert', client_url: generatorURL }),
  }
}

function isText(text: unknown): text is string {
  return typeof text === 'string' && text !== ''
}

function isSeverity(text: unknown): text is PagerDutySeverity {
  return severities.some(severity => severity === text)
}

function severityOf(label: string | undefined): PagerDutySeverity {
  return isSeverity(label) ? label : 'error'
}
