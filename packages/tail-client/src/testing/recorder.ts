import { connect, createServer, type Server, type Socket } from 'node:net'
import { systemClock } from '../clock.js'
import type { Clock } from '../types/clock.js'
import { backend, firstValue, rowDescription, serverFields } from '../wire/backend.js'
import { FrameReader } from '../wire/frames.js'
import type { ProxyTarget } from './proxy.js'
import type { RecordingLine } from './recording.js'

const sslRequest = 80877103
const leadingColumns = 3
const maxMessageBytes = 2 ** 30

/** What is known of a connection: what it is about to record, and what it records. */
interface Conversation {
  server: string
  columns: readonly { readonly name: string; readonly oid: number }[]
  recording: number | undefined
  startedMs: number
}

/**
 * A TCP proxy that writes down what a server sends after each COPY: NDJSON, one line for the statement and one for every message, in the
 * order and with the time at which they came. Feed it to `readRecordings` and a `Player`. Of what clients send only statements are
 * written down, never a password. It does not speak TLS: clients are told that there is none.
 */
export class Recorder {
  readonly #server: Server
  readonly #target: ProxyTarget
  readonly #onLine: (line: string) => void
  readonly #clock: Clock
  readonly #sockets = new Set<Socket>()
  #recordings = 0

  private constructor(target: ProxyTarget, onLine: (line: string) => void, clock: Clock) {
    this.#target = target
    this.#onLine = onLine
    this.#clock = clock
    this.#server = createServer(client => this.#serve(client))
  }

  /** Listens on any free port of 127.0.0.1. `onLine` is given each line without its line feed. */
  static async start(
    target: ProxyTarget,
    onLine: (line: string) => void,
    clock: Clock = systemClock,
  ): Promise<Recorder> {
    const recorder = new Recorder(target, onLine, clock)
    await new Promise<void>(resolve => recorder.#server.listen(0, '127.0.0.1', resolve))
    return recorder
  }

  get port(): number {
    const address = this.#server.address()
    return typeof address === 'object' ? (address?.port ?? 0) : 0
  }

  /** For clients: the user and database `materialize` at the recorder. */
  get url(): string {
    return `postgres://materialize@127.0.0.1:${this.port}/materialize`
  }

  async close(): Promise<void> {
    for (const socket of this.#sockets) socket.destroy()
    await new Promise(resolve => this.#server.close(resolve))
  }

  #serve(client: Socket): void {
    const server = connect(this.#target.port, this.#target.host ?? '127.0.0.1')
    const conversation: Conversation = { server: '', columns: [], recording: undefined, startedMs: 0 }
    const frames = new FrameReader(maxMessageBytes)
    const said = statements(
      bytes => client.write(bytes),
      statement => this.#asked(conversation, statement),
    )
    this.#forward(client, server, chunk => said(chunk))
    this.#forward(server, client, chunk => {
      frames.push(chunk, (type, bytes, start, end) =>
        this.#answered(conversation, type, bytes.subarray(start, end)),
      )
      return chunk
    })
    server.on('end', () => this.#message(conversation, 'EOF', ''))
  }

  #forward(from: Socket, to: Socket, pass: (chunk: Buffer) => Buffer): void {
    this.#sockets.add(from)
    from.on('error', () => {})
    from.on('close', () => {
      this.#sockets.delete(from)
      to.destroy()
    })
    from.on('data', chunk => {
      to.write(pass(chunk))
      if (!to.writableNeedDrain) return
      from.pause()
      to.once('drain', () => from.resume())
    })
  }

  #asked(conversation: Conversation, statement: string): void {
    if (!/^\s*copy\b/i.test(statement)) return
    conversation.recording = ++this.#recordings
    conversation.startedMs = this.#clock.nowMs()
    const { recording, server, columns } = conversation
    this.#write({ recording, server, query: statement, describe: { columns } })
  }

  #answered(conversation: Conversation, type: number, body: Buffer): void {
    if (conversation.recording !== undefined) {
      this.#message(conversation, String.fromCharCode(type), body.toString('hex'))
      if (type === backend.readyForQuery) conversation.recording = undefined
    } else if (type === backend.parameterStatus) {
      const [name, value] = body.toString().split('\0')
      if (name === 'mz_version') conversation.server = value ?? ''
    } else if (type === backend.rowDescription)
      conversation.columns = rowDescription(body, 0, body.length).slice(leadingColumns)
    else if (type === backend.dataRow) {
      const value = firstValue(body, 0) ?? ''
      if (/^v\d+\.\d+/.test(value)) conversation.server = value
    } else if (type === backend.error && serverFields(body, 0, body.length).severity === 'FATAL')
      conversation.columns = []
  }

  #message({ recording, startedMs }: Conversation, type: string, hex: string): void {
    if (recording === undefined) return
    this.#write({ recording, t: Math.round(this.#clock.nowMs() - startedMs), type, hex })
  }

  #write(line: RecordingLine): void {
    this.#onLine(JSON.stringify(line))
  }
}

/** Reads what a client says: tells its statements, refuses TLS, and gives what may go on to the server. */
function statements(
  answer: (bytes: Buffer) => void,
  onStatement: (text: string) => void,
): (chunk: Buffer) => Buffer {
  let pending = Buffer.alloc(0)
  let isStarted = false
  return chunk => {
    pending = Buffer.concat([pending, chunk])
    const passed: Buffer[] = []
    for (;;) {
      const head = isStarted ? 1 : 0
      if (pending.length < head + 4) return Buffer.concat(passed)
      const end = head + pending.readInt32BE(head)
      if (pending.length < end) return Buffer.concat(passed)
      const message = pending.subarray(0, end)
      pending = pending.subarray(end)
      if (!isStarted && message.readInt32BE(4) === sslRequest) {
        answer(Buffer.from('N'))
        continue
      }
      if (isStarted && message[0] === 'Q'.charCodeAt(0)) onStatement(message.toString('utf8', 5, end - 1))
      isStarted = true
      passed.push(message)
    }
  }
}
