import { createServer, type IncomingHttpHeaders, type IncomingMessage, type Server } from 'node:http'

/** A request that a `HttpReceiver` has taken. */
export interface ReceivedRequest {
  readonly method: string
  readonly path: string
  readonly headers: IncomingHttpHeaders
  readonly body: string
}

/** What a `HttpReceiver` answers; `hang` takes the request and never answers. */
export interface ScriptedAnswer {
  readonly status: number
  readonly headers?: Readonly<Record<string, string>>
  readonly body?: string
  readonly hang?: boolean
}

/** An HTTP server on loopback that notes what it is sent, and answers as it is told. */
export class HttpReceiver {
  readonly requests: ReceivedRequest[] = []
  /** What it answers next: one answer, or a function of the request. Default: 200. */
  answer: ScriptedAnswer | ((request: ReceivedRequest) => ScriptedAnswer) = { status: 200, body: 'ok' }
  readonly #server: Server

  private constructor() {
    this.#server = createServer(async (request, response) => {
      const body = await bodyOf(request)
      // Whoever was to be answered has gone.
      if (body === undefined) return
      const { method = '', url: path = '', headers } = request
      const received = { method, path, headers, body }
      this.requests.push(received)
      const {
        status,
        headers: more,
        body: answer,
        hang,
      } = typeof this.answer === 'function' ? this.answer(received) : this.answer
      if (!hang) response.writeHead(status, { ...more }).end(answer)
    })
  }

  static async start(): Promise<HttpReceiver> {
    const receiver = new HttpReceiver()
    await new Promise<void>(resolve => receiver.#server.listen(0, '127.0.0.1', resolve))
    return receiver
  }

  /** Without a slash at the end. */
  get url(): string {
    const address = this.#server.address()
    return `http://127.0.0.1:${typeof address === 'object' ? address?.port : ''}`
  }

  /** The bodies so far, parsed. */
  get bodies(): readonly unknown[] {
    return this.requests.map(({ body }) => JSON.parse(body) as unknown)
  }

  async close(): Promise<void> {
    const closed = new Promise(resolve => this.#server.close(resolve))
    this.#server.closeAllConnections()
    await closed
  }
}

/** What was sent; undefined if the other side gave up in the middle, which a sink that is told to stop does. */
async function bodyOf(request: IncomingMessage): Promise<string | undefined> {
  const chunks: Buffer[] = []
  try {
    for await (const chunk of request) chunks.push(chunk as Buffer)
  } catch {
    return undefined
  }
  return Buffer.concat(chunks).toString()
}
