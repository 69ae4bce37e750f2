import { within } from '../clock.js'
import { TailError } from '../errors.js'
import { generationOf, leadingColumns, type Source, statement } from '../sql/statement.js'
import { type SqlValue, sql } from '../sql/text.js'
import type { Clock } from '../types/clock.js'
import type { Column } from '../types/connection.js'
import { backend, firstValue } from '../wire/backend.js'
import { ServerConnection } from '../wire/connection.js'
import { query } from '../wire/frontend.js'

/** What the catalog says of a relation. */
export interface Description {
  readonly columns: readonly Column[]
  readonly notNull: ReadonlySet<string>
  readonly where: string
  readonly version: string
}

/** How long a server may take to answer, and when nobody wants to know any more. */
export interface Patience {
  readonly clock: Clock
  readonly timeLimitMs: number
  readonly signal: AbortSignal
}

/**
 * Asks a server for the columns of relations, which are not read; the connection is closed at the end. `CONNECT_TIMEOUT` for a server
 * that does not answer in time; rejects with the signal's reason.
 */
export async function describeAll(
  url: string,
  sources: readonly Source[],
  { clock, timeLimitMs, signal }: Patience,
): Promise<readonly Description[]> {
  const connection = new ServerConnection(url, () => {})
  const error = (): TailError =>
    new TailError(
      'CONNECT_TIMEOUT',
      `No answer from ${connection.where} within ${timeLimitMs / 1000} s. Give it more if it is only slow: --time-limit.`,
    )
  try {
    return await within(describe(connection, sources), signal, { clock, delayMs: timeLimitMs, error })
  } finally {
    connection.destroy()
  }
}

async function describe(
  connection: ServerConnection,
  sources: readonly Source[],
): Promise<readonly Description[]> {
  await connection.open()
  const version = await connection.version()
  const generation = generationOf(version)
  const described: Description[] = []
  for (const source of sources) {
    const all = await connection.describe(statement(source, generation, { snapshot: true }))
    const notNull = typeof source === 'string' ? await notNullIn(connection, source) : new Set<string>()
    described.push({ columns: all.slice(leadingColumns), notNull, where: connection.where, version })
  }
  return described
}

/** Names of the columns that the catalog says are never NULL; none where there is no such catalog. */
async function notNullIn(connection: ServerConnection, relation: string): Promise<ReadonlySet<string>> {
  const names = new Set<string>()
  const text = (value: SqlValue): string => sql`${value}`.text
  const parts = relation.split('.')
  const schema = parts.at(-2)
  const inSchema = schema === undefined ? '' : ` AND s.name = ${text(schema)}`
  const statementText = `SELECT c.name FROM mz_catalog.mz_columns c JOIN mz_catalog.mz_objects o ON c.id = o.id JOIN mz_catalog.mz_schemas s ON o.schema_id = s.id WHERE o.name = ${text(parts.at(-1) ?? '')}${inSchema} GROUP BY c.name HAVING bool_and(NOT c.nullable)`
  await connection
    .exchange(query(statementText), (type, bytes, start) => {
      const name = type === backend.dataRow ? firstValue(bytes, start) : undefined
      if (name !== undefined) names.add(name)
    })
    // A server without this catalog, or who may not read it, says nothing of it: then everything may be NULL.
    .catch(() => {})
  return names
}
