import { type DeploymentsOptions, type DeploymentsScenario, deployments } from './deployments.js'
import { type IncidentOptions, type IncidentScenario, incident } from './incident.js'
import { type OrdersOptions, type OrdersScenario, orders } from './orders.js'

/** The scenarios that come with the package, by name. */
export const scenarios: {
  readonly deployments: (options?: DeploymentsOptions) => DeploymentsScenario
  readonly incident: (options?: IncidentOptions) => IncidentScenario
  readonly orders: (options?: OrdersOptions) => OrdersScenario
} = { deployments, incident, orders }
