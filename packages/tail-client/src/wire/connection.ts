import { isIP } from 'node:net'
import pg from 'pg'
import { invalidOption, TailError } from '../errors.js'
import { fromConnect, fromServer, fromSocket, type ServerFields } from '../failures.js'
import type { Column, ConnectionOptions } from '../types/connection.js'
import { backend, firstValue, rowDescription, serverFields } from './backend.js'
import { requestCancel } from './cancel.js'
import { FrameReader, type OnFrame } from './frames.js'
import { describe, query } from './frontend.js'

/** The part of a socket that we use; also what `pg` leaves us after the login. */
interface Socket {
  on(event: 'data', listener: (chunk: Buffer) => void): unknown
  on(event: 'error', listener: (error: Error) => void): unknown
  on(event: 'close', listener: () => void): unknown
  removeAllListeners(event: 'data'): unknown
  write(bytes: Buffer): unknown
  pause(): unknown
  resume(): unknown
  destroy(): unknown
  readonly remoteAddress?: string | undefined
  readonly remotePort?: number | undefined
}

type ConnectionTlsOptions = Exclude<pg.ClientConfig['ssl'], boolean | undefined>

/** The part of `pg.Client` that is not in its types; named as in pg 8. */
interface ClientInternals {
  readonly processID: number | null
  readonly secretKey: number | null
  readonly ssl: pg.ClientConfig['ssl']
  readonly sslNegotiation: 'direct' | 'postgres'
  readonly connection: {
    readonly stream: Socket
    on(
      event: 'parameterStatus',
      listener: (message: { parameterName: string; parameterValue: string }) => void,
    ): unknown
  }
}

/** A notice, as `pg` reads it. */
interface NoticeFields {
  readonly severity?: string | undefined
  readonly code?: string | undefined
  readonly message?: string | undefined
  readonly detail?: string | undefined
  readonly hint?: string | undefined
}

/** Who gets what the socket brings: chunks as they come, then once that it is closed. */
export interface SocketReader {
  readonly data: (chunk: Buffer) => void
  readonly closed: (error: TailError | undefined) => void
}

/** Answers other than streams (a version, a description) are small; a longer message is not one. */
const maxAnswerBytes = 1024 * 1024

/**
 * One connection, ours alone. `pg` resolves names, does TLS and logs in; then we read the socket ourselves for good, because
 * `pg` hands out COPY data frame by frame without backpressure and loses what shares a packet with an error.
 * It is destroyed at the end, never returned to anybody.
 */
export class ServerConnection {
  readonly where: string
  readonly #client: pg.Client
  readonly #onNotice: (fields: ServerFields) => void
  #reportedVersion: string | undefined
  #reader: SocketReader | undefined
  #peer: { readonly host: string; readonly port: number } | undefined
  #isCancelled = false
  #closed = false
  #error: TailError | undefined

  constructor(target: string | ConnectionOptions, onNotice: (fields: ServerFields) => void) {
    this.#client = clientFor(target)
    this.where = `${this.#client.host}:${this.#client.port}`
    this.#onNotice = onNotice
    // Those of the login are read by `pg`, later ones by us.
    this.#client.on('notice', notice => onNotice(fieldsOf(notice)))
    // Without a listener an 'error' event would end the process.
    this.#client.on('error', () => {})
    this.#internals.connection.on('parameterStatus', ({ parameterName, parameterValue }) => {
      if (parameterName === 'mz_version') this.#reportedVersion = parameterValue
    })
  }

  /** Connects and logs in. Every failure is a `TailError` that names `host:port`. */
  async open(): Promise<void> {
    try {
      await this.#client.connect()
    } catch (error) {
      throw fromConnect(error, this.where)
    }
    const socket = this.#socket
    this.#peer = {
      host: socket.remoteAddress ?? this.#client.host,
      port: socket.remotePort ?? this.#client.port,
    }
    socket.removeAllListeners('data')
    socket.on('data', chunk => this.#reader?.data(chunk))
    socket.on('error', error => {
      this.#error = fromSocket(error, this.where)
    })
    socket.on('close', () => {
      this.#closed = true
      this.#reader?.closed(this.#error)
    })
  }

  /** The server's version: reported at login since v0.39, asked for otherwise. */
  async version(): Promise<string> {
    if (this.#reportedVersion !== undefined) return this.#reportedVersion
    let version: string | undefined
    await this.exchange(query('SELECT mz_version()'), (type, bytes, start) => {
      if (type === backend.dataRow) version = firstValue(bytes, start)
    })
    return version ?? ''
  }

  /** The columns of a statement, which is not executed: one round trip, no dataflow, and it works on both generations. */
  async describe(statement: string): Promise<readonly Column[]> {
    let columns: readonly Column[] = []
    await this.exchange(describe(statement), (type, bytes, start, end) => {
      if (type === backend.rowDescription) columns = rowDescription(bytes, start, end)
    })
    return columns
  }

  /** Sends a request and tells the frames of its answer; resolves at ReadyForQuery, rejects with the server's error. */
  exchange(request: Buffer, onFrame: OnFrame): Promise<void> {
    return new Promise((resolve, reject) => {
      const frames = new FrameReader(maxAnswerBytes)
      let failure: TailError | undefined
      const read: OnFrame = (type, bytes, start, end) => {
        if (type === backend.error) failure = fromServer(serverFields(bytes, start, end))
        else if (type === backend.notice) this.#onNotice(serverFields(bytes, start, end))
        else if (type === backend.readyForQuery) failure ? reject(failure) : resolve()
        else onFrame(type, bytes, start, end)
      }
      this.stream(request, {
        data: chunk => {
          try {
            frames.push(chunk, read)
          } catch (error) {
            reject(
              TailError.is(error)
                ? error
                : new TailError('PROTOCOL', 'An answer could not be read.', { cause: error }),
            )
          }
        },
        closed: error => reject(failure ?? error ?? lost(this.where)),
      })
    })
  }

  /** Sends a request and hands all that comes back, from now on, to `reader`. */
  stream(request: Buffer, reader: SocketReader): void {
    this.#reader = reader
    if (this.#closed) return reader.closed(this.#error)
    this.#socket.write(request)
  }

  pause(): void {
    this.#socket.pause()
  }

  resume(): void {
    this.#socket.resume()
  }

  /** Closes the socket at once, in whatever phase. A server that streams notices when it writes or looks next. */
  destroy(): void {
    this.#socket.destroy()
  }

  /** Closes the socket at once, and asks the server on another one to stop what it is doing; nobody waits for that. */
  abandon(): void {
    const { processID, secretKey, ssl, sslNegotiation } = this.#internals
    if (this.#peer && processID !== null && secretKey !== null && !this.#closed && !this.#isCancelled) {
      this.#isCancelled = true
      requestCancel({
        ...this.#peer,
        ssl: ssl && forAddress(ssl, this.#client.host),
        sslNegotiation,
        processId: processID,
        secret: secretKey,
      })
    }
    this.destroy()
  }

  get #internals(): ClientInternals {
    return this.#client as unknown as ClientInternals
  }

  /** Read late: with TLS it is another object after the upgrade. */
  get #socket(): Socket {
    return this.#internals.connection.stream
  }
}

/** TLS options to connect to the address of `host` and still check its name; SNI must not be an address (RFC 6066, section 3). */
function forAddress(ssl: true | ConnectionTlsOptions, host: string): ConnectionTlsOptions {
  const options = ssl === true ? {} : ssl
  return {
    ...options,
    // `pg` hides the key from being enumerated.
    ...('key' in options ? { key: options.key } : {}),
    ...(isIP(host) === 0 ? { servername: host } : {}),
  }
}

function lost(where: string): TailError {
  return new TailError('CONNECTION_LOST', `${where} closed the connection.`, { retryable: true })
}

/** `pg` reads certificates that a URL names, and throws what it likes: what a URL is made of must not be in the error. */
function clientFor(target: string | ConnectionOptions): pg.Client {
  try {
    return new pg.Client(clientConfig(target))
  } catch (error) {
    const why = error instanceof Error && 'code' in error ? ` (${String(error.code)})` : ''
    throw invalidOption(
      'connection',
      `not usable${why}`,
      'a URL or parts that can be read; are there the files that sslrootcert, sslcert and sslkey name?',
    )
  }
}

function fieldsOf({ severity, code, message, detail, hint }: NoticeFields): ServerFields {
  return {
    severity: severity ?? 'NOTICE',
    sqlState: code ?? '00000',
    message: message ?? 'no message',
    ...(detail === undefined ? {} : { detail }),
    ...(hint === undefined ? {} : { hint }),
  }
}

function clientConfig(target: string | ConnectionOptions): pg.ClientConfig {
  const always = { keepAlive: true, keepAliveInitialDelayMillis: 10_000 }
  if (typeof target === 'string') return { application_name: 'mzalert', ...always, connectionString: target }
  const { applicationName, settings, ...parts } = target
  const options = Object.entries(settings ?? {}).map(
    ([name, value]) => `--${name}=${value.replace(/[\\ ]/g, '\\$&')}`,
  )
  return {
    ...always,
    ...(parts as pg.ClientConfig),
    application_name: applicationName ?? 'mzalert',
    ...(options.length > 0 ? { options: options.join(' ') } : {}),
  }
}
