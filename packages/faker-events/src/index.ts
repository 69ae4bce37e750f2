export { virtualClock, wallClock } from './clock.js'
export { EventsError, type EventsErrorCode, eventsErrorCodes } from './errors.js'
export type { RetryNotice, RetryOptions } from './retry.js'
export { type LateNotice, type RunOptions, type RunStats, run, type SentBatch } from './run.js'
export type { Customer, Organization, Tier } from './scenarios/customers.js'
export type { Deployment, DeploymentsOptions, DeploymentsScenario } from './scenarios/deployments.js'
export { events } from './scenarios/events.js'
export {
  type CustomerAlert,
  type CustomerExpectationsQuery,
  type ExpectationsQuery,
  type ExpectedAlert,
  expectations,
  type OrganizationAlert,
} from './scenarios/expectations.js'
export { scenarios } from './scenarios/index.js'
export type { ConnectOptions, PostgresParts } from './sinks/connection.js'
export { type KafkaMessage, type KafkaOptions, type KafkaProducer, kafka } from './sinks/kafka.js'
export { type MemorySink, memory } from './sinks/memory.js'
export { ndjson, ndjsonLine } from './sinks/ndjson.js'
export { type PostgresOptions, postgres } from './sinks/postgres.js'
export { type PostgresRowsOptions, postgresRows } from './sinks/rows.js'
export type { Clock, EventStream, GeneratedEvent, Scenario, Sink, TimeRange } from './types.js'
