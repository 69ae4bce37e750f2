import { sinkFailed } from '../errors.js'
import { text } from '../options.js'
import type { GeneratedEvent, Sink } from '../types.js'
import { type ConnectOptions, connector, mayPass, type Session } from './connection.js'
import { sink } from './contract.js'
import { copyLine, quoteName, quoteTable } from './sql.js'

/** Which column of which table takes the events. */
export interface PostgresOptions extends ConnectOptions {
  /** A name, dots between its parts (`'public.deployments'`); or its parts, taken as they are. */
  readonly table: string | readonly string[]
  /** The column that takes an event's value, of type jsonb. Default: 'data'. */
  readonly column?: string
}

/**
 * Loads events' values into a column of a PostgreSQL or Materialize table: one `COPY … FROM STDIN` a batch, which
 * is stored as a whole or not at all. It connects with the first batch, and again with the next one after a loss.
 * A batch whose answer was lost is stored twice if it is sent again: at least once.
 */
export function postgres(options: PostgresOptions): Sink {
  const connect = connector(options)
  const statement = `COPY ${quoteTable(options.table)} (${quoteName(text('column', options.column ?? 'data'))}) FROM STDIN`
  let session: Session | undefined
  return sink({
    name: 'postgres',
    send: async events => {
      if (!session?.alive()) session = await connect()
      try {
        const stored = await session.copy(statement, events.map(eventLine).join(''))
        if (stored !== events.length) throw miscounted(stored, events.length)
      } catch (error) {
        session.destroy()
        throw error
      }
    },
    close: async () => {
      if (session?.alive()) await session.end()
    },
    retryable: mayPass,
  })
}

/** The line of one event. What is malformed becomes a JSON string: a jsonb column takes nothing that is no JSON. */
function eventLine({ value, body }: GeneratedEvent): string {
  if (body !== undefined) return copyLine([JSON.stringify(body)])
  return copyLine([value === null ? null : JSON.stringify(value)])
}

/** Not to be sent again: some of it may be there. */
function miscounted(stored: number, sent: number): Error {
  return sinkFailed('postgres', new Error(`The server says that it stored ${stored} of ${sent} rows`), false)
}
