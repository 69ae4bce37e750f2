export { startEngine } from './engine/engine.js'
export { EngineError, type EngineErrorCode, type EngineErrorDetails, engineErrorCodes } from './errors.js'
export type {
  CacheUse,
  Engine,
  EngineEvent,
  EngineOptions,
  Faults,
  Generation,
  Retention,
} from './types.js'
