// For users.
export { type CollectionEvents, LiveCollection } from './collection.js'
export { type CopyStreamOptions, fromCopyStream } from './copy-stream.js'
export { TailError, type TailErrorCode, type TailErrorDetails, tailErrorCodes } from './errors.js'
export type { TailEvents } from './events.js'
export type { ServerFields } from './failures.js'
export { RetryGate } from './retry-gate.js'
export type { CamelCase, CamelCased } from './rows/camel-case.js'
export { type Relation, relation } from './sql/relation.js'
export type { Source } from './sql/statement.js'
export { type SqlText, type SqlValue, sql } from './sql/text.js'
export { fileCheckpoints } from './stores/file.js'
export type { Change, KeyViolation } from './stream/changes.js'
export type { ChangesOptions, KeyOf, KeyOptions, KeyValue } from './stream/keys.js'
export { Tail, tail } from './tail.js'
export { type JointBatch, tailAll } from './together.js'
export type {
  Batch,
  BatchesOptions,
  BatchKind,
  BatchPart,
  CheckpointStore,
  Clock,
  Column,
  Connection,
  ConnectionOptions,
  Envelope,
  Generation,
  Interval,
  OnHistoryLost,
  OnInvalidRow,
  Range,
  ResumableBatch,
  RetryOptions,
  RetryTurns,
  SchemaOutput,
  SchemaResult,
  StandardSchema,
  TailOptions,
  TailStatus,
  UnknownRow,
  Update,
  ValueOptions,
  WhenFull,
} from './types.js'
