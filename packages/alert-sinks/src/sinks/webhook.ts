import { invalidSecret } from '../errors.js'
import type { Alert, Sink } from '../types.js'
import { endpoint, type Fetch, type Headers, post, withHeaders } from './http.js'
import { annotationsWithLinks, common } from './presentation.js'
import { reveal, type Secret } from './secrets.js'
import { sign, signatureHeader } from './signature.js'

/** What `webhook()` takes. */
export interface WebhookOptions {
  /** It counts as a secret; only its host is shown. */
  readonly url: string
  /** Default: `webhook`. */
  readonly name?: string
  /** Signs every request; see `verifySignature()`. A function is called for every request. Default: none. */
  readonly secret?: Secret
  readonly headers?: Headers
  /** `receiver` of the body. Default: `mzalert`. */
  readonly receiver?: string
  /** `externalURL` of the body. Default: empty. */
  readonly externalURL?: string
  /** Default: 256. */
  readonly batchSize?: number
  readonly timeoutMs?: number
  readonly fetch?: Fetch
}

/** How Alertmanager writes that something has not ended. */
const noTime = '0001-01-01T00:00:00Z'

/**
 * A webhook with the body of Alertmanager's, version 4, so that whatever receives those receives ours. A batch is a group.
 * (https://prometheus.io/docs/alerting/latest/configuration/#webhook_config)
 */
export function webhook(options: WebhookOptions): Sink {
  const { name = 'webhook', secret, batchSize = 256, timeoutMs } = options
  const { url, origin, headers, secrets } = endpoint(options.url, () =>
    invalidSecret('url', 'an http or https URL'),
  )
  if (secret !== undefined && typeof secret !== 'function' && (typeof secret !== 'string' || secret === ''))
    throw invalidSecret('secret', 'a text, or a function that gives it')
  return {
    name,
    batchSize,
    ...(timeoutMs === undefined ? {} : { timeoutMs }),
    send: async (alerts, { signal, nowMs }) => {
      const body = JSON.stringify(group(alerts, options))
      const key = secret === undefined ? undefined : await reveal(secret)
      const signature = key === undefined ? {} : { [signatureHeader]: sign(key, body, nowMs) }
      await post({
        who: `Webhook at ${origin}`,
        url: url.href,
        headers: withHeaders({ ...headers, ...signature }, options.headers),
        body,
        signal,
        fetch: options.fetch,
        secrets: [...secrets, ...(key === undefined ? [] : [key])],
        nowMs,
      })
    },
  }
}

function group(alerts: readonly Alert[], { receiver = 'mzalert', externalURL = '' }: WebhookOptions): object {
  const commonLabels = common(alerts.map(({ labels }) => labels))
  const { alertname } = commonLabels
  const groupLabels = alertname === undefined ? {} : { alertname }
  return {
    version: '4',
    groupKey: `{}:{${alertname === undefined ? '' : `alertname=${JSON.stringify(alertname)}`}}`,
    truncatedAlerts: 0,
    status: alerts.some(({ status }) => status === 'firing') ? 'firing' : 'resolved',
    receiver,
    groupLabels,
    commonLabels,
    commonAnnotations: common(alerts.map(annotationsWithLinks)),
    externalURL,
    alerts: alerts.map(alert => ({
      status: alert.status,
      labels: alert.labels,
      annotations: annotationsWithLinks(alert),
      startsAt: new Date(alert.startsAtMs).toISOString(),
      endsAt: alert.endsAtMs === undefined ? noTime : new Date(alert.endsAtMs).toISOString(),
      generatorURL: alert.generatorURL ?? '',
      fingerprint: alert.fingerprint,
    })),
  }
}
