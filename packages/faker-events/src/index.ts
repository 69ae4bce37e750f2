export { acceleratedClock, virtualClock, wallClock } from './clock.js'
export {
  type Cast,
  type DefinedScenario,
  defineEvents,
  type EntityCasting,
  type EntityMakers,
  type EntityOptions,
  type MakeEntities,
  type ScenarioDefinition,
  type StreamMakers,
  type ValueOf,
} from './define/define.js'
export {
  type LifecycleOptions,
  lifecycle,
  type Situation,
  type StateOptions,
  type Step,
  type Weights,
} from './define/lifecycle.js'
export {
  type Bursts,
  bursts,
  type Phase,
  type Phases,
  past,
  phases,
  type Schedule,
  steady,
} from './define/schedules.js'
export {
  type EventContent,
  type Moment,
  type ScheduledOptions,
  type StreamMaker,
  type StreamPlace,
  scheduled,
} from './define/streams.js'
export {
  type Draw,
  exponential,
  normal,
  oneOf,
  type Pick,
  uniform,
  weighted,
  zipf,
} from './distributions.js'
export { EventsError, type EventsErrorCode, eventsErrorCodes } from './errors.js'
export { type Fault, type FaultOptions, faultNames, type Span, withFaults } from './faults/faults.js'
export type { Random } from './random.js'
export type { FailedAttempt, RetryOptions } from './retry.js'
export {
  type LateNotice,
  type RetryNotice,
  type RunOptions,
  type RunStats,
  run,
  type SentBatch,
} from './run.js'
export type { BacklogAlert, OrdersQuery } from './scenarios/backlog-alerts.js'
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
export type { Firing } from './scenarios/firings.js'
export type { IncidentOptions, IncidentScenario, Service, ServiceEvent } from './scenarios/incident.js'
export { scenarios } from './scenarios/index.js'
export { type DrawName, nameSource } from './scenarios/names.js'
export type { Order, OrdersOptions, OrdersScenario } from './scenarios/orders.js'
export type { IncidentQuery, ServiceAlert } from './scenarios/service-alerts.js'
export { advertisedAddress } from './sinks/advertised.js'
export type { ConnectOptions, PostgresParts } from './sinks/connection.js'
export { type KafkaMessage, type KafkaOptions, type KafkaProducer, kafka } from './sinks/kafka.js'
export { type MemorySink, memory } from './sinks/memory.js'
export { ndjson, ndjsonLine } from './sinks/ndjson.js'
export {
  type PlatformaticMessage,
  type PlatformaticProducer,
  platformatic,
} from './sinks/platformatic.js'
export { type PostgresOptions, postgres } from './sinks/postgres.js'
export { type PostgresRowsOptions, postgresRows } from './sinks/rows.js'
export { type KafkaAdmin, type KafkaTopic, type KafkaTopicsOptions, kafkaTopics } from './sinks/topics.js'
export type { Clock, EventStream, GeneratedEvent, Scenario, Sink, TimeRange } from './types.js'
