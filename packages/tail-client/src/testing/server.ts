import { createServer, type Server, type Socket } from 'node:net'
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
}

type Columns = readonly { readonly name: string; readonly oid: number }[]

export interface Script {
  /** Version for ParameterStatus `mz_version`; undefined: none is sent and `SELECT mz_version()` answers v0.26.1. */
  readonly version?: string | undefined
  readonly columns?: Columns | (() => Columns)
  /** Called for each COPY, with its text and how many came before. */
  readonly copy: (client: ScriptedClient, statement: string, index: number) => void
  /** Instead of the login. */
  readonly login?: (client: ScriptedClient, index: number) => void
}

/** A server that speaks just enough of the protocol, and answers COPY by a script. */
export class ScriptedServer {
  readonly statements: string[] = []
  readonly startups: Record<string, string>[] = []
  readonly #server: Server
  readonly #sockets = new Set<Socket>()
  #logins = 0
  #copies = 0

  private constructor(script: Script) {
    this.#server = createServer(socket => this.#serve(socket, script))
  }

  static async start(script: Script): Promise<ScriptedServer> {
    const scripted = new ScriptedServer(script)
    await new Promise<void>(resolve => scripted.#server.listen(0, '127.0.0.1', resolve))
    return scripted
  }

  get url(): string {
    const address = this.#server.address()
    return `postgres://materialize:hunter2@127.0.0.1:${typeof address === 'object' ? address?.port : ''}/materialize`
  }

  get connections(): number {
    return this.#sockets.size
  }

  async close(): Promise<void> {
    for (const socket of this.#sockets) socket.destroy()
    await new Promise(resolve => this.#server.close(resolve))
  }

  #serve(socket: Socket, script: Script): void {
    this.#sockets.add(socket)
    const closed = new Promise<void>(resolve =>
      socket.on('close', () => {
        this.#sockets.delete(socket)
        resolve()
      }),
    )
    socket.on('error', () => {})
    const client: ScriptedClient = {
      send: (...parts) => void socket.write(Buffer.concat(parts)),
      end: () => void socket.end(),
      reset: () => void socket.resetAndDestroy(),
      closed,
      socket,
    }
    let isStarted = false
    let pending = Buffer.alloc(0)
    socket.on('data', chunk => {
      pending = Buffer.concat([pending, chunk])
      for (;;) {
        const head = isStarted ? 1 : 0
        if (pending.length < head + 4) return
        const length = head + pending.readInt32BE(head)
        if (pending.length < length) return
        const body = pending.subarray(head + 4, length)
        const type = isStarted ? String.fromCharCode(pending[0] ?? 0) : 'startup'
        pending = pending.subarray(length)
        if (type === 'startup') isStarted = true
        this.#answer(type, body, client, script)
      }
    })
  }

  #answer(type: string, body: Buffer, client: ScriptedClient, script: Script): void {
    if (type === 'startup') {
      const words = body.subarray(4).toString().split('\0')
      this.startups.push(
        Object.fromEntries(
          words.flatMap((word, at) => (at % 2 === 0 && word ? [[word, words[at + 1] ?? '']] : [])),
        ),
      )
      if (script.login) return script.login(client, this.#logins++)
      const version = script.version ? [messages.parameterStatus('mz_version', script.version)] : []
      client.send(
        messages.authenticationOk(),
        ...version,
        messages.backendKeyData(7, 11),
        messages.readyForQuery(),
      )
    } else if (type === 'P') {
      const statement = body.toString().split('\0')[1] ?? ''
      this.statements.push(statement)
      const leading = [
        { name: 'mz_timestamp', oid: 1700 },
        { name: 'mz_progressed', oid: 16 },
        { name: 'mz_diff', oid: 20 },
      ]
      const columns = [
        ...leading,
        ...(typeof script.columns === 'function'
          ? script.columns()
          : (script.columns ?? [{ name: 'a', oid: 25 }])),
      ]
      client.send(
        messages.parseComplete(),
        messages.parameterDescription(),
        messages.rowDescription(columns),
        messages.readyForQuery(),
      )
    } else if (type === 'Q') {
      const statement = body.toString().slice(0, -1)
      this.statements.push(statement)
      if (statement.startsWith('COPY')) return script.copy(client, statement, this.#copies++)
      client.send(
        messages.rowDescription([{ name: 'mz_version', oid: 25 }]),
        messages.dataRow(['v0.26.1-dev (8b47ad8bc)']),
        messages.commandComplete('SELECT 1'),
        messages.readyForQuery(),
      )
    }
  }
}
