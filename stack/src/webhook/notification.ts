/** An alert as Alertmanager and Grafana send it to a webhook. */
export interface Alert {
  readonly status: 'firing' | 'resolved'
  readonly labels: Readonly<Record<string, string>>
  readonly annotations: Readonly<Record<string, string>>
  readonly startsAt: string
  readonly endsAt: string
  readonly generatorURL: string
  readonly fingerprint: string
}

/** The body of a notification, version 4. */
export interface Notification {
  readonly version: string
  readonly receiver: string
  readonly status: 'firing' | 'resolved'
  readonly groupLabels: Readonly<Record<string, string>>
  readonly externalURL: string
  readonly alerts: readonly Alert[]
}

/** The notification in a body; a sentence is thrown if it is none. */
export function notificationOf(body: string): Notification {
  const value: unknown = JSON.parse(body)
  if (!isRecord(value) || !Array.isArray(value['alerts']))
    throw new Error('the body is not a notification: it has no list of alerts')
  const isAlert = (alert: unknown): boolean =>
    isRecord(alert) && isRecord(alert['labels']) && /^(firing|resolved)$/.test(String(alert['status']))
  if (!value['alerts'].every(isAlert))
    throw new Error('an alert has no labels, or neither fires nor is resolved')
  return value as unknown as Notification
}

/** One line for each alert: when, from whom, whether it fires, what it says. */
export function linesOf(notification: Notification, nowMs: number): readonly string[] {
  const { receiver, alerts } = notification
  return alerts.map(({ status, labels, annotations, startsAt }) => {
    const words = annotations?.['summary'] ?? JSON.stringify(labels)
    const since = status === 'firing' ? ` since ${startsAt}` : ''
    return `${new Date(nowMs).toISOString()} ${receiver ?? 'unknown'} ${status}: ${labels['alertname'] ?? 'alert'}: ${words}${since}`
  })
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null
}
