import { type DeploymentsScenario, postgres, postgresRows, type Sink } from '@mzalert/faker-events'

/** A table of PostgreSQL or Materialize, and that of the customers. */
export interface TableDestination {
  readonly sink: 'postgres'
  readonly databaseUrl: string
  /** Default: 'deployments'. */
  readonly table?: string
  /** The column of type jsonb. Default: 'data'. */
  readonly column?: string
  /** Default: 'customers'. */
  readonly customersTable?: string
}

/** Brings the customers into their table, and gives a sink for the events. */
export async function openTable(destination: TableDestination, scenario: DeploymentsScenario): Promise<Sink> {
  const { databaseUrl: connection, table = 'deployments', column = 'data' } = destination
  const { customersTable = 'customers' } = destination
  const columns = ['customer_id', 'customer_name', 'tier'] as const
  await postgresRows({ connection, table: customersTable, columns, rows: scenario.customers })
  return postgres({ connection, table, column })
}
