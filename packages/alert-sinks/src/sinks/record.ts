import type { Alert } from '../types.js'

/** An alert as JSON, for who reads records; times are ISO 8601. */
export function record(alert: Alert): object {
  const { status, fingerprint, labels, annotations, links, generatorURL, startsAtMs, endsAtMs } = alert
  return {
    status,
    fingerprint,
    labels,
    annotations,
    links,
    ...(generatorURL === undefined ? {} : { generatorURL }),
    startsAt: new Date(startsAtMs).toISOString(),
    ...(endsAtMs === undefined ? {} : { endsAt: new Date(endsAtMs).toISOString() }),
  }
}
