import { type DeploymentsOptions, type DeploymentsScenario, deployments } from './deployments.js'

/** The scenarios that come with the package, by name. */
export const scenarios: {
  readonly deployments: (options?: DeploymentsOptions) => DeploymentsScenario
} = { deployments }
