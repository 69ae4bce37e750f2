import { createServer, type Server, type Socket } from 'node:net'
import { TLSSocket } from 'node:tls'
import { messages } from './messages.js'

/** What a script sees of the client that sent a COPY. */
export interface ScriptedClient {
  readonly send: (...parts: readonly Buffer[]) => void
  /** FIN, as a server that ends. */
  readonly end: () => void
  /** RST, as a server that is gone. */
  readonly reset: () => void
  /** Resolves when the client has closed its socket. */
  readonly closed: Promise<void>
  readonly socket: Socket
  /** What the login tells it, to cancel with. */
  readonly processId: number
  readonly secret: number
}

/** A CancelRequest that came. */
export interface Cancellation {
  readonly processId: number
  readonly secret: number
  /** Whether it came over TLS. */
  readonly isEncrypted: boolean
}

type Columns = readonly { readonly name: string; readonly oid: number }[]

/** What a scripted server answers. */
export interface Script {
  /** Version for ParameterStatus `mz_version`; undefined: none is sent and `SELECT mz_version()` answers v0.26.1. */
  readonly version?: string | undefined
  readonly columns?: Columns | (() => Columns)
  /** Called for each COPY, with its text and how many came before. */
  readonly copy: (client: ScriptedClient, statement: string, index: number) => void
  /** Instead of the login; `password` is undefined until the client has sent one. */
  readonly login?: (client: ScriptedClient, index: number, password?: string) => void
  /** PEM texts to speak TLS with. Default: an SSLRequest is answered with N, as by a server without TLS. */
  readonly tls?: { readonly key: string; readonly cert: string }
  /** Instead of the answer to an SSLRequest. */
  readonly sslRequest?: (client: ScriptedClient) => void
  /** Instead of the description of a statement. */
  readonly describe?: (client: ScriptedClient, statement: string) => void
  /** Instead of closing the connection that a CancelRequest came on; `named` is the client that it names, if it is there. */
  readonly cancel?: (client: ScriptedClient, named: ScriptedClient | undefined) => void
}

const cancelRequest = 80877102
const sslRequest = 80877103

/** A server that speaks just enough of the protocol, and answers COPY by a script. */
export class ScriptedServer {
  readonly statements: string[] = []
  readonly startups: Record<string, string>[] = []
  readonly cancels: Cancellation[] = []
  readonly #server: Server
  readonly #script: Script
  readonly #sockets = new Set<Socket>()
  readonly #clients = new Map<number, ScriptedClient>()
  #accepted = 0
  #logins = 0
  #copies = 0

  private constructor(script: Script) {
    this.#script = script
    this.#server = createServer(socket => this.#accept(socket))
  }

  static async start(script: Script): Promise<ScriptedServer> {
    const scripted = new ScriptedServer(script)
    await new Promise<void>(resolve => scripted.#server.listen(0, '127.0.0.1', resolve))
    return scripted
  }

  get url(): string {
    return `postgres://materialize:hunter2@127.0.0.1:${this.port}/materialize`
  }

  get port(): number {
    const address = this.#server.address()
    return typeof address === 'object' ? (address?.port ?? 0) : 0
  }

  get connections(): number {
    return this.#sockets.size
  }

  async close(): Promise<void> {
    for (const socket of this.#sockets) socket.destroy()
    await new Promise(resolve => this.#server.close(resolve))
  }

  #accept(socket: Socket): void {
    const processId = ++this.#accepted
    this.#sockets.add(socket)
    socket.on('close', () => {
      this.#sockets.delete(socket)
      this.#clients.delete(processId)
    })
    this.#serve(socket, processId)
  }

  #serve(socket: Socket, processId: number): void {
    const client: ScriptedClient = {
      send: (...parts) => void socket.write(Buffer.concat(parts)),
      end: () => void socket.end(),
      reset: () => void socket.resetAndDestroy(),
      closed: new Promise<void>(resolve => socket.once('close', resolve)),
      socket,
      processId,
      secret: processId * 1_000_003,
    }
    this.#clients.set(processId, client)
    socket.on('error', () => {})
    let isStarted = false
    let pending = Buffer.alloc(0)
    const onData = (chunk: Buffer): void => {
      pending = Buffer.concat([pending, chunk])
      for (;;) {
        const head = isStarted ? 1 : 0
        if (pending.length < head + 4) return
        const length = head + pending.readInt32BE(head)
        if (pending.length < length) return
        const body = pending.subarray(head + 4, length)
        const type = isStarted ? String.fromCharCode(pending[0] ?? 0) : startupType(body)
        pending = pending.subarray(length)
        if (type === 'ssl') return this.#secure(client, () => socket.off('data', onData))
        isStarted = true
        this.#answer(type, body, client)
      }
    }
    socket.on('data', onData)
  }

  #secure(client: ScriptedClient, leave: () => void): void {
    const { tls, sslRequest: answer } = this.#script
    if (answer) return answer(client)
    if (!tls) return client.send(Buffer.from('N'))
    leave()
    client.send(Buffer.from('S'))
    this.#serve(new TLSSocket(client.socket, { isServer: true, ...tls }), client.processId)
  }

  #answer(type: string, body: Buffer, client: ScriptedClient): void {
    if (type === 'cancel') this.#cancel(body, client)
    else if (type === 'startup') this.#logIn(body, client)
    else if (type === 'p')
      this.#script.login?.(client, this.#logins++, body.toString('utf8', 0, body.length - 1))
    else if (type === 'P') this.#describe(body.toString().split('\0')[1] ?? '', client)
    else if (type === 'Q') this.#query(body.toString().slice(0, -1), client)
  }

  #cancel(body: Buffer, client: ScriptedClient): void {
    const [processId, secret] = [body.readInt32BE(4), body.readInt32BE(8)]
    this.cancels.push({ processId, secret, isEncrypted: client.socket instanceof TLSSocket })
    if (this.#script.cancel) this.#script.cancel(client, this.#clients.get(processId))
    else client.end()
  }

  #logIn(body: Buffer, client: ScriptedClient): void {
    const words = body.subarray(4).toString().split('\0')
    this.startups.push(
      Object.fromEntries(
        words.flatMap((word, at) => (at % 2 === 0 && word ? [[word, words[at + 1] ?? '']] : [])),
      ),
    )
    if (this.#script.login) this.#script.login(client, this.#logins++)
    else client.send(...welcome(client, this.#script.version))
  }

  #describe(statement: string, client: ScriptedClient): void {
    this.statements.push(statement)
    if (this.#script.describe) return this.#script.describe(client, statement)
    const { columns = [{ name: 'a', oid: 25 }] } = this.#script
    client.send(
      messages.parseComplete(),
      messages.parameterDescription(),
      messages.rowDescription([...leadingColumns, ...(typeof columns === 'function' ? columns() : columns)]),
      messages.readyForQuery(),
    )
  }

  #query(statement: string, client: ScriptedClient): void {
    this.statements.push(statement)
    if (statement.startsWith('COPY')) return this.#script.copy(client, statement, this.#copies++)
    client.send(
      messages.rowDescription([{ name: 'mz_version', oid: 25 }]),
      messages.dataRow(['v0.26.1-dev (8b47ad8bc)']),
      messages.commandComplete('SELECT 1'),
      messages.readyForQuery(),
    )
  }
}

const leadingColumns: Columns = [
  { name: 'mz_timestamp', oid: 1700 },
  { name: 'mz_progressed', oid: 16 },
  { name: 'mz_diff', oid: 20 },
]

/** What follows a login that is accepted; a `login` of a script may send it too. */
export function welcome(client: ScriptedClient, version: string | undefined): readonly Buffer[] {
  return [
    messages.authenticationOk(),
    ...(version ? [messages.parameterStatus('mz_version', version)] : []),
    messages.backendKeyData(client.processId, client.secret),
    messages.readyForQuery(),
  ]
}

function startupType(body: Buffer): 'startup' | 'cancel' | 'ssl' {
  const code = body.readInt32BE(0)
  return code === cancelRequest ? 'cancel' : code === sslRequest ? 'ssl' : 'startup'
}
