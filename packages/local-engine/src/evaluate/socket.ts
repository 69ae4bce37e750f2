import { connect } from 'node:net'
import type pg from 'pg'
import { reasonOf } from '../errors.js'
import { errorResponse, failureIn } from '../wire/backend.js'
import { asBuffer, ByteWriter } from '../wire/bytes.js'
import { Expected } from '../wire/expected.js'
import { FrameReader } from '../wire/frames.js'
import { copyFail } from '../wire/frontend.js'
import type { Setting } from '../wire/settings.js'
import { cancelRequest } from '../wire/startup.js'
import type { Protocol } from './protocol.js'

/** The part of a socket that is used; what `pg` leaves after the login. */
interface Socket {
  on(event: 'data', listener: (chunk: Buffer) => void): unknown
  on(event: 'close', listener: () => void): unknown
  removeAllListeners(event: 'data'): unknown
  write(bytes: Uint8Array): unknown
  destroy(reason?: Error): unknown
}

/** The part of `pg.Client` that is not in its types; named as in pg 8. */
interface ClientInternals {
  readonly connection: { readonly stream: Socket }
  readonly processID: number | null
  readonly secretKey: number | null
}

interface Exchange {
  readonly expected: Expected
  readonly answer: ByteWriter
  readonly resolve: (answer: Buffer) => void
  readonly reject: (reason: unknown) => void
}

/** An answer is gathered before it is passed on. */
const maxAnswerBytes = 512 * 1024 * 1024
const connectTimeoutMs = 10_000

/** A session of a PostgreSQL server. `pg` resolves names, does TLS and logs in; then whole messages go back and forth. */
export class PostgresSocket implements Protocol {
  readonly #client: pg.Client
  readonly #socket: Socket
  readonly #reader = new FrameReader(maxAnswerBytes)
  #current: Exchange | undefined
  #lost: Error | undefined
  #canceling: Promise<void> = Promise.resolve()
  /** Called once when the server, or the way to it, is gone. Not after `close()`. */
  onLost: () => void = () => {}

  private constructor(client: pg.Client) {
    this.#client = client
    // Read late: with TLS it is another object after the upgrade.
    this.#socket = internals(client).connection.stream
    this.#reader.startTyped()
    this.#socket.removeAllListeners('data')
    this.#socket.on('data', chunk => this.#receive(chunk))
    this.#socket.on('close', () => this.#lose(new Error('the server closed the connection')))
  }

  /**
   * Connects and logs in; `settings` are what the session starts with, and what RESET goes back to. Rejects at once if
   * `signal` aborts.
   */
  static async open(
    url: string,
    settings: readonly Setting[],
    signal?: AbortSignal,
  ): Promise<PostgresSocket> {
    // Loaded by who needs it: it takes as long as the rest of the package.
    const { default: driver } = await import('pg')
    const client = new driver.Client(configOf(url, settings))
    // Without a listener an 'error' event would end the process; 'close' says the same.
    client.on('error', () => {})
    signal?.throwIfAborted()
    const giveUp = (): void => {
      internals(client).connection.stream.destroy(new Error('it was given up'))
    }
    signal?.addEventListener('abort', giveUp, { once: true })
    try {
      await client.connect()
    } catch (thrown) {
      // Not every failure ends the connection by itself.
      giveUp()
      throw thrown
    } finally {
      signal?.removeEventListener('abort', giveUp)
    }
    return new PostgresSocket(client)
  }

  get isLost(): boolean {
    return this.#lost !== undefined
  }

  async exchange(messages: Uint8Array): Promise<Buffer> {
    // What is canceled is what was running, never what comes next.
    await this.#canceling
    if (this.#lost !== undefined) throw this.#lost
    const expected = new Expected(asBuffer(messages))
    if (expected.complete) return Buffer.alloc(0)
    return new Promise((resolve, reject) => {
      this.#current = { expected, answer: new ByteWriter(8192), resolve, reject }
      this.#socket.write(messages)
    })
  }

  /** Asks the server to cancel what runs in this session, if anything does. It may come too late, and nobody says so. */
  cancel(): void {
    const { processID, secretKey } = internals(this.#client)
    const { host, port } = this.#client
    if (this.#current === undefined || processID === null || secretKey === null) return
    // The server takes it before any encryption or login.
    const path = host.startsWith('/') ? { path: `${host}/.s.PGSQL.${port}` } : { host, port }
    const socket = connect(path, () => socket.end(cancelRequest(processID, secretKey)))
    socket.on('error', () => {})
    socket.setTimeout(connectTimeoutMs, () => socket.destroy())
    const before = this.#canceling
    this.#canceling = new Promise(resolve => socket.on('close', () => resolve(before)).resume())
  }

  /** Ends the session at once; what runs in it is given up. */
  close(): void {
    this.onLost = () => {}
    this.#lose(new Error('the session is closed'))
    this.#socket.destroy()
  }

  #receive(chunk: Buffer): void {
    this.#reader.push(chunk)
    for (;;) {
      const frame = this.#reader.next()
      if (frame === undefined) return
      if (typeof frame === 'string') return this.#giveUp(new Error(frame))
      // The engine tells clients of their settings itself, and passes no notifications on.
      if (frame.type === 'S' || frame.type === 'A') continue
      const current = this.#current
      // What nobody asked for: why the server is about to close, which 'close' says too.
      if (current === undefined) continue
      const { answer, expected } = current
      answer
        .int8(frame.type.charCodeAt(0))
        .int32(frame.body.length + 4)
        .bytes(frame.body)
      if (answer.length > maxAnswerBytes) return this.#overflow(answer.length)
      if (frame.type === 'G' && !expected.loads) this.#socket.write(copyFail('there is nothing to load'))
      expected.take(frame.type)
      if (!expected.complete) continue
      this.#current = undefined
      current.resolve(answer.take())
    }
  }

  #overflow(bytes: number): void {
    const message = `an answer has more than ${maxAnswerBytes} bytes (${bytes} so far)`
    const hint = 'The local engine gathers answers before it passes them on. Ask the database itself.'
    const current = this.#current
    this.#current = undefined
    current?.resolve(errorResponse({ severity: 'FATAL', code: '54000', message, hint }))
    this.#giveUp(new Error(message))
  }

  #giveUp(reason: Error): void {
    this.#lose(reason)
    this.#socket.destroy()
  }

  #lose(reason: Error): void {
    if (this.#lost !== undefined) return
    this.#lost = reason
    const current = this.#current
    this.#current = undefined
    const answer = current?.answer.take() ?? Buffer.alloc(0)
    // Why it ended is the client's to know, if the server said so. Half an answer is none.
    if (failureIn(answer) === undefined) current?.reject(reason)
    else current?.resolve(answer)
    this.onLost()
  }
}

/** Whether text can be connected to; what is wrong with it otherwise. */
export function unusable(url: string): string | undefined {
  try {
    configOf(url, [])
    return undefined
  } catch (thrown) {
    return reasonOf(thrown)
  }
}

function configOf(url: string, settings: readonly Setting[]): pg.ClientConfig {
  const target = new URL(url)
  if (target.protocol !== 'postgres:' && target.protocol !== 'postgresql:') {
    throw new Error(`its protocol is ${target.protocol}`)
  }
  const given = target.searchParams.get('options')
  target.searchParams.delete('options')
  const words = settings.map(([name, value]) => `-c ${name}=${value.replace(/[\\ ]/g, '\\$&')}`)
  return {
    connectionString: target.href,
    application_name: 'mzalert-local-engine',
    options: [...(given === null ? [] : [given]), ...words].join(' '),
    connectionTimeoutMillis: connectTimeoutMs,
    keepAlive: true,
    keepAliveInitialDelayMillis: 10_000,
  }
}

function internals(client: pg.Client): ClientInternals {
  return client as unknown as ClientInternals
}
