import { createServer, type IncomingMessage, type Server } from 'node:http'
import { linesOf, type Notification, notificationOf } from './notification.js'

const maxBodyBytes = 4 * 1024 * 1024
const kept = 200

export interface ReceiverOptions {
  /** Told of every notification, with a line for each alert. */
  readonly onNotification: (notification: Notification, lines: readonly string[]) => void
  readonly now?: () => number
}

/**
 * Takes what Alertmanager or Grafana posts, on any path, and shows the last 200 lines to whoever opens it; the newest is first.
 * What is no notification is answered with 400 and a sentence.
 */
export function receiver({ onNotification, now = Date.now }: ReceiverOptions): Server {
  const shown: string[] = []
  return createServer(async (request, response) => {
    if (request.method === 'GET') {
      response.setHeader('content-type', 'text/plain; charset=utf-8')
      const isReady = request.url === '/-/ready' || request.url === '/-/healthy'
      response.end(isReady ? 'ready\n' : `${[...shown].reverse().join('\n') || 'no notification yet'}\n`)
      return
    }
    try {
      const notification = notificationOf(await bodyOf(request))
      const lines = linesOf(notification, now())
      shown.push(...lines)
      shown.splice(0, shown.length - kept)
      onNotification(notification, lines)
      response.end()
    } catch (error) {
      response.writeHead(400).end(`${error instanceof Error ? error.message : error}\n`)
    }
  })
}

async function bodyOf(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = []
  let bytes = 0
  for await (const chunk of request as AsyncIterable<Buffer>) {
    bytes += chunk.length
    if (bytes > maxBodyBytes) throw new Error(`the body has more than ${maxBodyBytes} bytes`)
    chunks.push(chunk)
  }
  return Buffer.concat(chunks).toString('utf8')
}
