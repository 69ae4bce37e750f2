import { afterEach, describe, expect, test } from 'vitest'
import { type Customer, type PostgresRowsOptions, postgresRows, scenarios } from '../../src/index.js'
import { rejection } from '../support/story.js'
import { type Fault, type TableServer, tableServer } from '../support/table-server.js'

const { customers } = scenarios.deployments({ seed: 7, customers: 6 })
const fields = customers.map(({ customer_id, customer_name, tier }) => [
  String(customer_id),
  customer_name,
  tier,
])
const table = '"customers"'
const copy = `COPY ${table} ("customer_id", "customer_name", "tier") FROM STDIN`
const select = `SELECT "customer_id"::text, "customer_name"::text, "tier"::text FROM ${table}`

const open: TableServer[] = []
afterEach(async () => {
  for (const server of open.splice(0)) await server.close()
})

async function serving(fault?: (statement: string) => Fault | undefined): Promise<TableServer> {
  const server = await tableServer(fault)
  open.push(server)
  return server
}

function load(server: TableServer, more: Partial<PostgresRowsOptions<Customer>> = {}): Promise<number> {
  const columns = ['customer_id', 'customer_name', 'tier'] as const
  return postgresRows({ connection: server.url, table: 'customers', columns, rows: customers, ...more })
}

describe('loading reference rows', () => {
  test('fills an empty table by one COPY, and leaves one that has the rows already alone', async () => {
    const server = await serving()
    expect(await load(server)).toBe(6)
    expect(server.tables.get(table)).toEqual(fields)
    server.tables.get(table)?.reverse()
    expect(await load(server)).toBe(0)
    expect(server.statements).toEqual([select, copy, select])
  })

  test('replaces rows that are not the same, in one transaction', async () => {
    const server = await serving()
    server.tables.set(table, [...fields, fields[0] ?? []])
    expect(await load(server)).toBe(6)
    expect(server.tables.get(table)).toEqual(fields)
    expect(server.statements).toEqual([select, 'BEGIN', `DELETE FROM ${table}`, copy, 'COMMIT'])
  })

  test('leaves the old rows if the new ones are refused', async () => {
    const server = await serving(statement =>
      statement === copy ? { refuse: '22P02', message: 'invalid input syntax' } : undefined,
    )
    const old = [['9', 'Somebody', 'free']]
    server.tables.set(table, old)
    expect(await rejection(load(server))).toMatchObject({ code: 'SINK_FAILED', retryable: false })
    await expect.poll(() => server.tables.get(table)).toEqual(old)
  })

  test('goes without a transaction where the server does not delete in one', async () => {
    let inTransaction = false
    const server = await serving(statement => {
      if (statement === 'BEGIN' || statement === 'ROLLBACK') inTransaction = statement === 'BEGIN'
      return inTransaction && statement.startsWith('DELETE')
        ? { refuse: '25001', message: 'DELETE cannot be run inside a transaction block' }
        : undefined
    })
    server.tables.set(table, [['9', 'Somebody', 'free']])
    expect(await load(server)).toBe(6)
    expect(server.tables.get(table)).toEqual(fields)
    expect(server.statements.slice(-3)).toEqual(['ROLLBACK', `DELETE FROM ${table}`, copy])
  })

  test('inserts where there is no COPY', async () => {
    const server = await serving()
    await load(server, {
      method: 'insert',
      rows: [{ ...customers[0], customer_name: "Conan O'Brien" } as Customer],
    })
    expect(server.statements).toEqual([
      select,
      `INSERT INTO ${table} ("customer_id", "customer_name", "tier") VALUES ('1', 'Conan O''Brien', 'enterprise')`,
    ])
  })

  test('empties a table for no rows', async () => {
    const server = await serving()
    server.tables.set(table, [['9', 'Somebody', 'free']])
    expect(await load(server, { rows: [] })).toBe(0)
    expect(server.tables.get(table)).toEqual([])
  })

  test('fails with the cause when the server is gone, and names no password', async () => {
    const server = await serving(statement => (statement === copy ? 'cut' : undefined))
    const error = await rejection(load(server))
    expect(error).toMatchObject({ code: 'SINK_FAILED', retryable: true })
    expect(String(error)).not.toContain('secret-word')
  })

  test('refuses options that are none before it connects', async () => {
    const server = await serving()
    expect(await rejection(load(server, { columns: [] }))).toMatchObject({ code: 'INVALID_OPTION' })
    expect(await rejection(load(server, { method: 'upsert' as 'copy' }))).toMatchObject({
      code: 'INVALID_OPTION',
    })
    expect(await rejection(load(server, { table: '' }))).toMatchObject({ code: 'INVALID_OPTION' })
    expect(server.connections()).toBe(0)
  })
})
