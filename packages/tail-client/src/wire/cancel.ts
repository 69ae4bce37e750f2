import pg from 'pg'

/** Where a query runs that is to be stopped, and what its server said at login (BackendKeyData). */
export interface CancelTarget {
  /** An address and not a name: another server behind the same name would not know the process. */
  readonly host: string
  readonly port: number
  readonly ssl: pg.ClientConfig['ssl']
  readonly sslNegotiation: 'direct' | 'postgres'
  readonly processId: number
  readonly secret: number
}

/** The part of `pg.Connection` that is not in its types; named as in pg 8. */
interface CancelConnection {
  readonly stream: {
    end(): unknown
    destroy(): unknown
    unref(): unknown
  }
  connect(port: number | string, host?: string): void
  requestSsl(): void
  cancel(processId: number, secret: number): void
  on(event: 'error', listener: () => void): unknown
  once(event: 'connect' | 'sslconnect' | 'end', listener: () => void): unknown
}

const boundMs = 500

/**
 * Asks a server to stop a query, on a second connection: best effort, done or given up within 500 ms, and nothing waits for it. A server
 * that streams notices a closed socket only when it writes or looks next; this is what tells it at once
 * (https://www.postgresql.org/docs/current/protocol-flow.html#PROTOCOL-FLOW-CANCELING-REQUESTS). What fails here fails in silence:
 * the socket of the query is closed in any case.
 */
export function requestCancel({ host, port, ssl, sslNegotiation, processId, secret }: CancelTarget): void {
  const config = { ssl, sslNegotiation }
  const connection = new pg.Connection(config) as unknown as CancelConnection
  // Read late: with TLS it is another object after the upgrade.
  const destroy = (): unknown => connection.stream.destroy()
  const deadline = setTimeout(destroy, boundMs)
  deadline.unref()
  connection.on('error', destroy)
  connection.once('end', () => clearTimeout(deadline))
  connection.once('connect', () => {
    if (ssl && sslNegotiation !== 'direct') connection.requestSsl()
  })
  connection.once(ssl ? 'sslconnect' : 'connect', () => {
    connection.stream.unref()
    connection.cancel(processId, secret)
    connection.stream.end()
  })
  if (host.startsWith('/')) connection.connect(`${host}/.s.PGSQL.${port}`)
  else connection.connect(port, host)
  connection.stream.unref()
}
