import {
  type DeploymentsScenario,
  type ExpectedAlert,
  type GeneratedEvent,
  postgres,
  postgresRows,
} from '@mzalert/faker-events'
import { startEngine } from '@mzalert/local-engine'
import { models } from '@mzalert/stack'
import { Client } from 'pg'

/** A round time to start from: 2023-11-14T22:13:20Z. */
export const origin = 1_700_000_000_000
export const hourMs = 3_600_000
export const parameters = { windowMs: 30_000, threshold: 25, enterpriseLimit: 8 } as const

/** What an engine is told to hold, and what is asked of it. */
export interface Setup {
  readonly statements: readonly string[]
  /** The table of the events, with a column `data`. */
  readonly table: string
  /** A query that gives one name for each alert that fires. */
  readonly alerts: string
  readonly reference: {
    readonly table: string
    readonly columns: readonly string[]
    readonly rows: readonly object[]
  }
}

/** The models of the stack, for the `deployments` scenario. */
export function deploymentModels({ customers: rows }: DeploymentsScenario): Setup {
  return {
    statements: models('local', parameters).map(({ sql }) => sql),
    table: 'deployments',
    alerts: `SELECT 'organization ' || labels FROM organization_alert
      UNION ALL SELECT 'customer ' || customer_name FROM customer_alert`,
    reference: { table: 'customers', columns: ['customer_id', 'customer_name', 'tier'], rows },
  }
}

/** An engine whose time stands still until it is told what time it is. */
export interface Truth {
  /** Makes it this time, by storing the events that have come by then; gives the alerts that fire. */
  readonly at: (ms: number) => Promise<ReadonlySet<string>>
  readonly close: () => Promise<void>
}

export async function startTruth(setup: Setup, events: Iterable<GeneratedEvent>): Promise<Truth> {
  const { statements, table, alerts, reference } = setup
  let nowMs = origin
  const retain = { table, timestampMs: "(data->>'event_ts')::bigint * 1000", forMs: 600_000 }
  const engine = await startEngine({ nowMs: () => nowMs, retain: [retain] })
  for (const sql of statements) await engine.execute(sql)
  const columns = reference.columns as readonly never[]
  await postgresRows({ connection: engine.url, table: reference.table, columns, rows: reference.rows })
  const sink = postgres({ connection: engine.url, table })
  const client = new Client(engine.url)
  await client.connect()
  const rest = events[Symbol.iterator]()
  let next = rest.next()

  const at = async (ms: number): Promise<ReadonlySet<string>> => {
    nowMs = ms
    const due: GeneratedEvent[] = []
    for (; !next.done && arrivalMs(next.value) <= ms; next = rest.next()) due.push(next.value)
    await sink.send(due)
    const { rows } = await client.query<{ at: string; name: string | null }>(
      `SELECT mz_now()::text AS at, name FROM (${alerts}) AS firing (name) UNION ALL SELECT mz_now()::text, NULL`,
    )
    if (Number(rows[0]?.at) !== ms) throw new Error(`To the engine ${ms} is ${rows[0]?.at}.`)
    return new Set(rows.flatMap(({ name }) => (name === null ? [] : [name])))
  }
  const close = async (): Promise<void> => {
    await client.end()
    await sink.close()
    await engine.close()
  }
  return { at, close }
}

/** When an event is sent. */
export function arrivalMs({ arrivesMs, timestampMs }: GeneratedEvent): number {
  return arrivesMs ?? timestampMs
}

export function nameOf(alert: ExpectedAlert): string {
  return alert.view === 'organization_alert'
    ? `organization ${alert.organization}`
    : `customer ${alert.customerName}`
}
