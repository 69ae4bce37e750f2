export { SinksError, type SinksErrorCode, type SinksErrorDetails, sinksErrorCodes } from './errors.js'
export type { InspectedAlert, InspectedSink, Inspection } from './notify/inspection.js'
export { type Notifier, notify } from './notify/notifier.js'
export { type AlertmanagerOptions, alertmanager } from './sinks/alertmanager.js'
export type { AnswerBody } from './sinks/answer.js'
export type { Fetch, Headers } from './sinks/http.js'
export { type KafkaMessage, type KafkaOptions, type KafkaProducer, kafka } from './sinks/kafka.js'
export { type NdjsonOptions, ndjson } from './sinks/ndjson.js'
export { type PagerDutyOptions, type PagerDutySeverity, pagerDuty } from './sinks/pagerduty.js'
export type { Secret } from './sinks/secrets.js'
export { type SignedRequest, verifySignature } from './sinks/signature.js'
export { type SlackOptions, slack } from './sinks/slack.js'
export { type WebhookOptions, webhook } from './sinks/webhook.js'
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
  ResendOptions,
  RetryOptions,
  SendAlerts,
  SendContext,
  Sink,
  SkipReason,
  SourceEvents,
  StateStore,
  Template,
} from './types.js'
