import { cut } from '../alerts/text.js'
import { invalidOption, invalidSecret, sendFailed } from '../errors.js'
import type { Alert, Sink } from '../types.js'
import { endpoint, type Fetch, post } from './http.js'
import { titleOf } from './presentation.js'
import { reveal, type Secret } from './secrets.js'

/** What `slack()` takes. */
export interface SlackOptions {
  /** The incoming webhook's URL, which is a secret; a function is called for every message, so that it may be rotated. */
  readonly url: Secret
  /** Default: `slack`. */
  readonly name?: string
  /** More alerts than this in one message are counted instead of listed. Default: 10. */
  readonly digestAbove?: number
  /** Between messages, in milliseconds: Slack takes about one a second. What comes meanwhile is one message. Default: 1000. */
  readonly minIntervalMs?: number
  readonly timeoutMs?: number
  readonly fetch?: Fetch
}

const colors = { firing: '#d1242f', resolved: '#2da44e' } as const
/** How many lines of counts a digest has. */
const digestLines = 10
const titleLength = 250
const textLength = 2000

/**
 * A Slack incoming webhook: one message for what changed at a time, an attachment for each alert; for a storm, a digest with counts.
 * Changed texts are no messages: a webhook cannot edit what it has posted. (https://docs.slack.dev/messaging/sending-messages-using-incoming-webhooks)
 */
export function slack(options: SlackOptions): Sink {
  const { url, name = 'slack', digestAbove = 10, minIntervalMs = 1000, timeoutMs } = options
  const refuse = () =>
    invalidSecret('url', 'the https URL of an incoming webhook, or a function that gives it')
  if (typeof url !== 'function') endpoint(url, refuse)
  if (!Number.isInteger(digestAbove) || digestAbove < 1 || digestAbove > 50)
    throw invalidOption('digestAbove', digestAbove, 'a whole number from 1 to 50')
  return {
    name,
    // However many there are, they are one message.
    batchSize: 1_000_000,
    minIntervalMs,
    updates: false,
    ...(timeoutMs === undefined ? {} : { timeoutMs }),
    send: async (alerts, { signal, nowMs }) => {
      // What a function gives may be wrong for a moment: that is no fault of the alerts.
      const {
        origin,
        headers,
        url: target,
        secrets,
      } = endpoint(await reveal(url), () =>
        sendFailed(`Slack (sink ${JSON.stringify(name)}) cannot be called: its function url gave no URL.`),
      )
      await post({
        who: `Slack (${origin})`,
        url: target.href,
        headers,
        body: JSON.stringify(alerts.length > digestAbove ? digest(alerts) : list(alerts)),
        signal,
        fetch: options.fetch,
        secrets,
        nowMs,
      })
    },
  }
}

function list(alerts: readonly Alert[]): object {
  return {
    text: escaped(cut(alerts.length === 1 ? alerts.map(headline).join() : counts(alerts), titleLength)),
    attachments: alerts.map(alert => {
      const { status, annotations, generatorURL, links } = alert
      const title = cut(headline(alert), titleLength)
      const shown = { ...links, ...(generatorURL === undefined ? {} : { source: generatorURL }) }
      const lines = [
        escaped(cut(annotations['description'] ?? annotations['message'] ?? '', textLength)),
        Object.entries(shown)
          .map(([label, url]) => link(url, label))
          .join(' · '),
      ]
      return {
        color: colors[status],
        fallback: escaped(title),
        title: escaped(title),
        text: lines.filter(line => line !== '').join('\n'),
        ts: Math.floor((alert.endsAtMs ?? alert.startsAtMs) / 1000),
      }
    }),
  }
}

/** A storm in a few lines: how many, and of what. */
function digest(alerts: readonly Alert[]): object {
  const groups = new Map<string, number>()
  for (const { status, labels } of alerts) {
    const severity = labels['severity'] === undefined ? '' : ` [${labels['severity']}]`
    const group = `${status} ${labels['alertname'] ?? 'alert'}${severity}`
    groups.set(group, (groups.get(group) ?? 0) + 1)
  }
  const sorted = [...groups].sort(([, a], [, b]) => b - a)
  const lines = sorted.slice(0, digestLines).map(([group, count]) => `${count} × ${cut(group, titleLength)}`)
  if (sorted.length > digestLines) lines.push(`and ${sorted.length - digestLines} more kinds`)
  const examples = alerts.slice(0, 3).map(alert => cut(headline(alert), titleLength))
  const isFiring = alerts.some(({ status }) => status === 'firing')
  return {
    text: escaped(counts(alerts)),
    attachments: [
      {
        color: colors[isFiring ? 'firing' : 'resolved'],
        fallback: escaped(counts(alerts)),
        text: escaped([...lines, '', 'Among them:', ...examples].join('\n')),
      },
    ],
  }
}

function headline(alert: Alert): string {
  return `[${alert.status === 'firing' ? 'FIRING' : 'RESOLVED'}] ${titleOf(alert)}`
}

function counts(alerts: readonly Alert[]): string {
  const firing = alerts.filter(({ status }) => status === 'firing').length
  return `${alerts.length} alerts: ${firing} firing, ${alerts.length - firing} resolved`
}

/** The three characters that mean something to Slack. */
function escaped(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;')
}

function link(url: string, label: string): string {
  return `<${escaped(new URL(url).href.replaceAll('|', '%7C'))}|${escaped(label)}>`
}
