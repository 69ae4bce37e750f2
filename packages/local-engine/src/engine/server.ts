import { randomInt } from 'node:crypto'
import { createServer, type Server as NetServer, type Socket } from 'node:net'
import { portBusy, startFailed } from '../errors.js'
import { authenticationOk, backendKeyData, errorResponse, parameterStatus } from '../wire/backend.js'
import { failure } from '../wire/failure.js'
import { sharedSettings } from '../wire/isolation.js'
import { type Setting, settingsOf, settingsToReport } from '../wire/settings.js'
import { readOpening } from '../wire/startup.js'
import { Connection } from './connection.js'
import { Conversation } from './conversation.js'
import { type Services, versionOf } from './services.js'
import { isFailure } from './session.js'

/** What is refused as too long beyond what a COPY may hold. */
const statementBytes = 64 * 1024 * 1024

interface Client {
  readonly conversation: Conversation
  readonly secret: number
}

/** What there is to say of the database at login. */
interface About {
  readonly serverVersion: string
  readonly databaseName: string
}

/** Listens, lets clients in, and passes cancel requests to those that they mean. */
export class Server {
  readonly #services: Services
  readonly #about: About
  readonly #net: NetServer
  readonly #connections = new Set<Connection>()
  readonly #clients = new Map<number, Client>()
  #nextPid = 1
  #flow = Number.POSITIVE_INFINITY
  /** Whether who connects is cut at once. */
  isRefusing = false

  constructor(services: Services, about: About) {
    this.#services = services
    this.#about = about
    this.#net = createServer({ allowHalfOpen: true }, socket => this.#accept(socket))
  }

  /** Resolves to the port that it listens on. Rejects with `PORT_BUSY` or `START_FAILED`. */
  listen(host: string, port: number): Promise<number> {
    return new Promise((resolve, reject) => {
      // Again later, without an effect, for a connection that cannot be accepted: nobody listening would end the process.
      this.#net.on('error', thrown => {
        const busy = 'code' in thrown && thrown.code === 'EADDRINUSE'
        reject(busy ? portBusy(host, port, thrown) : startFailed(thrown.message, thrown))
      })
      this.#net.listen(port, host, () => {
        const address = this.#net.address()
        resolve(typeof address === 'object' && address !== null ? address.port : port)
      })
    })
  }

  get connections(): Iterable<Connection> {
    return this.#connections
  }

  /** How many bytes a second each client is sent. */
  setFlow(bytesPerSecond: number): void {
    this.#flow = bytesPerSecond
    for (const connection of this.#connections) connection.setFlow(bytesPerSecond)
  }

  /** Ends every connection with FIN, and goes on listening. Resolves when these are closed; others may have come meanwhile. */
  async disconnect(): Promise<void> {
    const connections = [...this.#connections]
    for (const connection of connections) connection.end()
    await Promise.all(connections.map(({ closed }) => closed))
  }

  /** Ends every connection with FIN. */
  async close(): Promise<void> {
    const closed = new Promise<void>(resolve => {
      this.#net.close(() => resolve())
    })
    for (const connection of this.#connections) connection.end()
    await closed
  }

  #accept(socket: Socket): void {
    if (this.isRefusing) {
      socket.on('error', () => {})
      socket.resetAndDestroy()
      return
    }
    const connection = new Connection(socket, this.#services.maxCopyInBytes + statementBytes)
    connection.setFlow(this.#flow)
    this.#connections.add(connection)
    socket.on('close', () => this.#connections.delete(connection))
    // A conversation rejects only if the backend is gone; whoever owns it has been told.
    this.#greet(connection).catch(() => connection.end())
  }

  async #greet(connection: Connection): Promise<void> {
    for (;;) {
      const frame = await connection.next()
      if (frame === undefined) return connection.end()
      const opening = readOpening(frame.body)
      if (opening.kind === 'encryption') {
        // No encryption here: the client goes on in the clear, or leaves.
        await connection.send(Buffer.from('N'))
      } else if (opening.kind === 'cancel') {
        const client = this.#clients.get(opening.pid)
        if (client?.secret === opening.secret) client.conversation.cancel()
        return connection.end()
      } else if (opening.kind === 'unsupported') {
        const major = opening.version >>> 16
        const why = failure('0A000', `unsupported frontend protocol ${major}.${opening.version & 0xffff}`)
        await connection.send(errorResponse({ ...why, severity: 'FATAL' }))
        return connection.end()
      } else return this.#converse(connection, opening.parameters)
    }
  }

  async #converse(connection: Connection, parameters: ReadonlyMap<string, string>): Promise<void> {
    connection.startTyped()
    const settings = settingsOf(parameters)
    const seat = await this.#services.seats.take(() => connection.end())
    if (isFailure(seat)) {
      await connection.send(errorResponse(seat))
      return connection.end()
    }
    const refused = seat.shared ? sharedSettings(settings) : undefined
    if (refused !== undefined) {
      await connection.send(errorResponse(refused))
      return connection.end()
    }
    const pid = this.#nextPid++
    const secret = randomInt(1, 2 ** 31 - 1)
    const conversation = new Conversation(pid, connection, this.#services, seat, settings)
    this.#clients.set(pid, { conversation, secret })
    try {
      const statuses = this.#statuses(settings).map(([name, value]) => parameterStatus(name, value))
      await connection.send(authenticationOk(), ...statuses, backendKeyData(pid, secret))
      await conversation.run()
    } finally {
      this.#clients.delete(pid)
    }
  }

  /** What Materialize says at login. The server's version is PostgreSQL's own: its catalogs are what is here. */
  #statuses(settings: readonly Setting[]): Setting[] {
    const { generation } = this.#services
    const { serverVersion, databaseName } = this.#about
    const fixed: Setting[] = [
      ['integer_datetimes', 'on'],
      ['server_version', serverVersion],
    ]
    if (generation === 'subscribe')
      fixed.push(['database', databaseName], ['mz_version', versionOf(generation)])
    return [...settingsToReport(generation, settings), ...fixed]
  }
}
