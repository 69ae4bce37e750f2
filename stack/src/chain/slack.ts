import { createServer, type Server } from 'node:http'

/** What Alertmanager sends to Slack, as far as we set it. */
export interface SlackMessage {
  readonly channel: string
  readonly attachments: readonly {
    readonly title: string
    readonly title_link: string
    readonly text: string
    readonly fallback: string
    readonly color: string
  }[]
}

/** Answers as an incoming webhook of Slack does: `ok`, or 400 with a word. */
export function slackLike(onMessage: (message: SlackMessage) => void): Server {
  return createServer(async (request, response) => {
    try {
      const chunks: Buffer[] = []
      // An Alertmanager that is killed leaves in the middle.
      for await (const chunk of request as AsyncIterable<Buffer>) chunks.push(chunk)
      const message = JSON.parse(Buffer.concat(chunks).toString('utf8')) as SlackMessage
      if (!message.channel || !message.attachments?.every(({ text, fallback }) => text && fallback))
        throw new Error()
      onMessage(message)
      response.end('ok')
    } catch {
      response.writeHead(400).end('invalid_payload')
    }
  })
}
