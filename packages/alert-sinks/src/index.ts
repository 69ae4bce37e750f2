export { SinksError, type SinksErrorCode, type SinksErrorDetails, sinksErrorCodes } from './errors.js'
export type { InspectedAlert, InspectedSink, Inspection } from './notify/inspection.js'
export { type Notifier, notify } from './notify/notifier.js'
export { fileStore } from './stores/file.js'
export { memoryStore } from './stores/memory.js'
export { type PostgresClient, type PostgresStoreOptions, postgresStore } from './stores/postgres.js'
export type {
  Alert,
  AlertOptions,
  AlertSource,
  FlappingOptions,
  LabelOptions,
  MetricRegistry,
  NotifyEvents,
  NotifyOptions,
  RetryOptions,
  SendAlerts,
  SendContext,
  Sink,
  SkipReason,
  StateStore,
  Template,
} from './types.js'
