import { once } from 'node:events'
import { readFile } from 'node:fs/promises'
import { directAlerts, readConfig } from '@mzalert/example-direct-alerts'
import { freePort } from './ports.js'
import { receiver } from './receiver.js'

const host = '127.0.0.1'
const file = new URL('../../direct-alerts/alerts.yaml', import.meta.url)

/** Alerts on their way from the views to receivers, without Prometheus in between. */
export interface Direct {
  readonly addresses: readonly (readonly [name: string, address: string])[]
  /** What the Slack-shaped receiver was told, a line for each alert. */
  readonly messages: readonly string[]
  readonly close: () => Promise<void>
}

/**
 * Starts the example's file on the demo's views, with a receiver that is shaped like Slack and prints what it gets, and with the
 * Alertmanager if there is one. Resolves when every view has its first snapshot.
 */
export async function startDirect(
  connection: string,
  alertmanagerUrl: string | undefined,
  say: (text: string) => void,
): Promise<Direct> {
  const port = await freePort(9095, host)
  const messages: string[] = []
  // What Slack would show, a line for each attachment.
  const slack = receiver<Message>(({ text, attachments }) => {
    for (const { title = text } of attachments) {
      messages.push(title)
      say(`Slack: ${title}`)
    }
  })
  await once(slack.listen(port, host), 'listening')
  const config = readConfig(await readFile(file, 'utf8'), {
    MZ_URL: connection,
    SLACK_WEBHOOK_URL: `http://${host}:${port}/services/demo`,
    ALERTMANAGER_URL: alertmanagerUrl,
    NDJSON: 'none',
  })
  // What fires and resolves is told by the receiver already.
  const direct = directAlerts(config, line => {
    if (!/: (firing|resolved): /.test(line)) say(line)
  })
  const close = async (): Promise<void> => {
    await direct.close()
    slack.close()
    slack.closeAllConnections()
  }
  try {
    await direct.ready
  } catch (error) {
    await close()
    throw error
  }
  const alertmanager = alertmanagerUrl === undefined ? '' : ` and Alertmanager at ${alertmanagerUrl}`
  return {
    addresses: [['direct', `a Slack-shaped receiver at http://${host}:${port}${alertmanager}`]],
    messages,
    close,
  }
}

interface Message {
  readonly text: string
  readonly attachments: readonly { readonly title?: string; readonly text: string }[]
}
