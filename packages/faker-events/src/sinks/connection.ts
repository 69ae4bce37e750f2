import type { Client, ClientConfig } from 'pg'
import { invalidConnection } from '../errors.js'
import { whole } from '../options.js'
import { isRetryable } from '../retryable.js'

/** A server, by its parts. */
export interface PostgresParts {
  readonly host?: string
  readonly port?: number
  readonly user?: string
  readonly database?: string
  /** A function is called on every attempt. */
  readonly password?: string | (() => string | Promise<string>)
  readonly ssl?: boolean | Readonly<Record<string, unknown>>
}

/** Where the server is, and how long it may take. */
export interface ConnectOptions {
  /** A `postgres://` URL, or its parts. */
  readonly connection: string | PostgresParts
  /** For connecting and signing in. Default: 10 000. */
  readonly connectTimeoutMs?: number
  /** For one batch or statement, after which the connection counts as dead. Default: 30 000. */
  readonly sendTimeoutMs?: number
}

/** One connection to a server that speaks PostgreSQL's protocol. After any failure it is gone for good. */
export interface Session {
  /** False once the connection was lost or destroyed. */
  readonly alive: () => boolean
  /** Runs one statement; every value comes back as the text that the server sent, or null. */
  readonly query: (statement: string) => Promise<readonly (readonly (string | null)[])[]>
  /** Runs `COPY … FROM STDIN` with this body, and says how many rows the server has taken. */
  readonly copy: (statement: string, body: string) => Promise<number>
  /** Says goodbye and closes. */
  readonly end: () => Promise<void>
  /** Closes at once. */
  readonly destroy: () => void
}

/** Checks the options, and gives a function that connects. */
export function connector({
  connection,
  connectTimeoutMs = 10_000,
  sendTimeoutMs = 30_000,
}: ConnectOptions): () => Promise<Session> {
  const config: ClientConfig = {
    ...target(connection),
    connectionTimeoutMillis: whole('connectTimeoutMs', connectTimeoutMs, 1, 2_147_483_647),
    application_name: 'faker-events',
    keepAlive: true,
  }
  whole('sendTimeoutMs', sendTimeoutMs, 1, 2_147_483_647)
  return () => open(config, sendTimeoutMs)
}

function target(connection: string | PostgresParts): ClientConfig {
  if (typeof connection === 'object' && connection !== null) return { ...connection }
  // The text may hold a password: it is in no message.
  if (typeof connection === 'string' && /^postgres(ql)?:\/\//.test(connection) && URL.canParse(connection))
    return { connectionString: connection }
  throw invalidConnection(
    'connection',
    'a postgres:// URL, or an object with host, port, user, database, password',
  )
}

async function open(config: ClientConfig, sendTimeoutMs: number): Promise<Session> {
  // Only who sends to a table pays for loading it.
  const { default: pg } = await import('pg')
  const client = new pg.Client(config)
  let alive = true
  // Also what keeps a connection that is lost between two sends from ending the process.
  client.on('error', () => {
    alive = false
  })
  const destroy = (why?: Error): void => {
    alive = false
    client.connection.stream.destroy(why)
  }
  const guarded = async <Result>(work: Promise<Result>): Promise<Result> => {
    const timer = setTimeout(() => destroy(new Error(`No answer for ${sendTimeoutMs} ms`)), sendTimeoutMs)
    try {
      return await work
    } finally {
      clearTimeout(timer)
    }
  }
  try {
    await client.connect()
  } catch (error) {
    destroy()
    throw error
  }
  return {
    alive: () => alive,
    query: statement => guarded(rowsOf(client, statement)),
    copy: (statement, body) => guarded(copyIn(client, statement, body)),
    end: () => guarded(client.end()).catch(() => destroy()),
    destroy,
  }
}

async function rowsOf(client: Client, statement: string): Promise<readonly (readonly (string | null)[])[]> {
  const types = { getTypeParser: () => (text: string) => text }
  const { rows } = await client.query<(string | null)[]>({ text: statement, rowMode: 'array', types })
  return rows
}

async function copyIn(client: Client, statement: string, body: string): Promise<number> {
  const { from } = await import('pg-copy-streams')
  return new Promise((resolve, reject) => {
    const copy = client.query(from(statement))
    copy.on('error', reject)
    copy.on('finish', () => resolve(copy.rowCount))
    copy.end(Buffer.from(body))
  })
}

// What passes: the connection (08), resources (53), the server stopping or starting (57P), conflicts (40).
const passing = /^(08|53|57P|40)/

/** Whether a failed statement may succeed on another connection. What is no SQL error was a lost connection. */
export function mayPass(error: unknown): boolean {
  if (error instanceof Error && 'severity' in error && 'code' in error)
    return passing.test(String(error.code))
  return isRetryable(error) || (error instanceof Error && !('code' in error))
}
