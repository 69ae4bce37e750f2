import { tail } from '@mzalert/tail-client'
import type { Transition } from './board.js'

interface OrganizationAlert {
  readonly alert_cond: string
  readonly labels: string
}

interface CustomerAlert {
  readonly alert_cond: string
  readonly customer_name: string
}

interface Deployments {
  readonly organization: string
  readonly deployment_cnt: bigint
}

/** What the views say, kept current by three streams. */
export interface Watch {
  /** Deployments in the window, by organization. */
  readonly deployments: () => ReadonlyMap<string, number>
  readonly firing: ReadonlyMap<string, number>
  readonly transitions: readonly Transition[]
  readonly close: () => Promise<void>
  /** Rejects if a stream ends; until then it is pending. */
  readonly failed: Promise<never>
}

/** Follows the models as any client would. `onTransition` is told of every alert that fires or resolves after the start. */
export function watch(connection: string, onTransition: (transition: Transition) => void): Watch {
  const organizations = tail<OrganizationAlert>('organization_alert', { connection })
  const customers = tail<CustomerAlert>('customer_alert', { connection })
  const deployments = tail<Deployments>('dim_deployments', { connection })
  const contents = deployments.collection()
  const firing = new Map<string, number>()
  const transitions: Transition[] = []
  const note = (alert: string, diff: number, timestamp: bigint): void => {
    const transition: Transition = { atMs: Number(timestamp), to: diff > 0 ? 'firing' : 'resolved', alert }
    if (diff > 0) firing.set(alert, transition.atMs)
    else firing.delete(alert)
    transitions.push(transition)
    onTransition(transition)
  }
  const follow = async (): Promise<void> => {
    for await (const { row, diff, timestamp } of organizations)
      note(`${row.alert_cond} ${row.labels}`, diff, timestamp)
  }
  const followCustomers = async (): Promise<void> => {
    for await (const { row, diff, timestamp } of customers)
      note(`${row.alert_cond} ${row.customer_name}`, diff, timestamp)
  }
  const ended = Promise.all([follow(), followCustomers(), contents.ended])
  const failed = ended.then<never>(() => new Promise<never>(() => {}))
  failed.catch(() => {})
  return {
    deployments: () => sumByOrganization(contents.rows()),
    firing,
    transitions,
    failed,
    close: async () => {
      await Promise.all([organizations.close(), customers.close(), contents.close()])
      await ended.catch(() => {})
    },
  }
}

function sumByOrganization(rows: readonly Deployments[]): ReadonlyMap<string, number> {
  const sums = new Map<string, number>()
  for (const { organization, deployment_cnt } of rows)
    sums.set(organization, (sums.get(organization) ?? 0) + Number(deployment_cnt))
  return sums
}
