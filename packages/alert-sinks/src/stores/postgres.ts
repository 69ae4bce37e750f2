import { createHash } from 'node:crypto'
import { invalidOption, stateCorrupt } from '../errors.js'
import type { StateStore } from '../types.js'

/** What is used of a PostgreSQL client or pool: those of `pg` have it. */
export interface PostgresClient {
  query(text: string, values?: unknown[]): Promise<{ readonly rows: readonly unknown[] }>
}

/** What `postgresStore()` takes. */
export interface PostgresStoreOptions {
  /** Connected by its owner, who disconnects it, too. A pool survives a lost connection. */
  readonly client: PostgresClient
  /**
   * A name, or schema and name by a dot. Created by the first save where it is missing; otherwise the rights to select, insert and
   * update are enough. Default: `mzalert_state`.
   */
  readonly table?: string
}

/**
 * Keeps the state as a row of a PostgreSQL table, by name. A save is one statement, and checksummed; a row that was damaged is refused
 * with `STATE_CORRUPT`. One process writes a name at a time.
 */
export function postgresStore({ client, table = 'mzalert_state' }: PostgresStoreOptions): StateStore {
  if (typeof client?.query !== 'function')
    throw invalidOption('client', client, 'an object with a method query')
  if (!/^[a-z_]\w*(\.[a-z_]\w*)?$/i.test(table))
    throw invalidOption('table', table, 'a name of letters, digits and _, or two by a dot')
  const name = table
    .split('.')
    .map(part => `"${part}"`)
    .join('.')
  const create = `CREATE TABLE IF NOT EXISTS ${name} (name text PRIMARY KEY, state text NOT NULL, checksum text NOT NULL, saved_at timestamptz NOT NULL)`
  const upsert = `INSERT INTO ${name} (name, state, checksum, saved_at) VALUES ($1, $2, $3, now()) ON CONFLICT (name) DO UPDATE SET state = excluded.state, checksum = excluded.checksum, saved_at = excluded.saved_at`
  return {
    load: async key => {
      let rows: readonly unknown[]
      try {
        ;({ rows } = await client.query(`SELECT state, checksum FROM ${name} WHERE name = $1`, [key]))
      } catch (error) {
        if (!isNoTable(error)) throw error
        return undefined
      }
      const row = rows[0] as { readonly state?: unknown; readonly checksum?: unknown } | undefined
      if (row === undefined) return undefined
      if (typeof row.state !== 'string' || row.checksum !== checksumOf(row.state))
        throw stateCorrupt(`The state of ${JSON.stringify(key)} in table ${table}`)
      return row.state
    },
    save: async (key, state) => {
      const values = [key, state, checksumOf(state)]
      try {
        await client.query(upsert, values)
      } catch (error) {
        if (!isNoTable(error)) throw error
        // Only then: who may write to a table need not have the right to make one.
        await client.query(create)
        await client.query(upsert, values)
      }
    },
  }
}

/** undefined_table (https://www.postgresql.org/docs/current/errcodes-appendix.html). */
function isNoTable(error: unknown): boolean {
  return Reflect.get(Object(error), 'code') === '42P01'
}

function checksumOf(state: string): string {
  return createHash('sha256').update(state).digest('hex')
}
