import { invalidOption, sinkFailed } from '../errors.js'
import { type ConnectOptions, connector, mayPass, type Session } from './connection.js'
import { copyLine, quoteLiteral, quoteName, quoteTable, type SqlValue, sqlText } from './sql.js'

/** Which rows a table is to hold. */
export interface PostgresRowsOptions<Row> extends ConnectOptions {
  /** A name, dots between its parts (`'public.customers'`); or its parts, taken as they are. */
  readonly table: string | readonly string[]
  /** The columns that are written, each of a row's property of that name. */
  readonly columns: readonly (keyof Row & string)[]
  readonly rows: readonly Row[]
  /** `'insert'` for a server without `COPY … FROM STDIN`. Default: `'copy'`. */
  readonly method?: 'copy' | 'insert'
}

type Fields = readonly (string | null)[]

/** How a table is written, on one connection. */
interface Writing {
  readonly session: Session
  readonly table: string
  readonly columns: string
  readonly method: 'copy' | 'insert'
}

/**
 * Makes a table hold exactly these rows (reference data, such as a scenario's customers), and gives how many it
 * wrote. A table that holds them already is not touched, so starting a program again changes nothing, and nothing
 * that is joined with the table flickers. Otherwise its rows are replaced, in one transaction; where the server
 * refuses to delete in a transaction (Materialize's are for inserts only), by two statements.
 *
 * `SINK_FAILED` if the server refuses or is gone.
 */
export async function postgresRows<Row extends object>(options: PostgresRowsOptions<Row>): Promise<number> {
  const { columns, rows, method = 'copy' } = options
  const connect = connector(options)
  if (columns.length === 0) throw invalidOption('columns', columns, 'at least one column')
  if (method !== 'copy' && method !== 'insert') throw invalidOption('method', method, "'copy' or 'insert'")
  const table = quoteTable(options.table)
  const wanted = rows.map(row => columns.map(column => sqlText(row[column] as SqlValue)))
  let session: Session | undefined
  try {
    session = await connect()
    const held = await session.query(
      `SELECT ${columns.map(name => `${quoteName(name)}::text`).join(', ')} FROM ${table}`,
    )
    if (same(held, wanted)) return 0
    await replace(
      { session, table, columns: columns.map(quoteName).join(', '), method },
      held.length > 0,
      wanted,
    )
    return wanted.length
  } catch (error) {
    throw sinkFailed(`postgresRows(${table})`, error, mayPass(error))
  } finally {
    await session?.end()
  }
}

async function replace(writing: Writing, hasOld: boolean, wanted: readonly Fields[]): Promise<void> {
  const { session, table } = writing
  if (!hasOld) return write(writing, wanted)
  try {
    await session.query('BEGIN')
    await session.query(`DELETE FROM ${table}`)
    await write(writing, wanted)
    await session.query('COMMIT')
  } catch (error) {
    if (!refusesTransaction(error)) throw error
    await session.query('ROLLBACK')
    await session.query(`DELETE FROM ${table}`)
    await write(writing, wanted)
  }
}

async function write({ session, table, columns, method }: Writing, wanted: readonly Fields[]): Promise<void> {
  if (wanted.length === 0) return
  if (method === 'copy') {
    await session.copy(`COPY ${table} (${columns}) FROM STDIN`, wanted.map(copyLine).join(''))
  } else {
    const tuples = wanted.map(fields => `(${fields.map(quoteLiteral).join(', ')})`)
    await session.query(`INSERT INTO ${table} (${columns}) VALUES ${tuples.join(', ')}`)
  }
}

/** Whether two tables hold the same rows, as often each, in any order. */
function same(held: readonly Fields[], wanted: readonly Fields[]): boolean {
  const one = held.map(copyLine).sort()
  const other = wanted.map(copyLine).sort()
  return one.length === other.length && one.every((line, position) => line === other[position])
}

/** Class 25 is "invalid transaction state", 0A000 "feature not supported". */
function refusesTransaction(error: unknown): boolean {
  return error instanceof Error && 'code' in error && /^(25|0A000)/.test(String(error.code))
}
