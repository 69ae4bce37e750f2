export { type Bridge, bridge } from './bridge/bridge.js'
export type { RequestHandler } from './bridge/handler.js'
export { BridgeError, type BridgeErrorCode, bridgeErrorCodes } from './errors.js'
export type {
  BatchSource,
  BridgeEvent,
  BridgeEvents,
  BridgeOptions,
  CollisionPolicy,
  DisconnectPolicy,
  LabelOptions,
  LiveSample,
  NullPolicy,
  OverLimitPolicy,
  Registry,
  RemovalPolicy,
  ValueOptions,
  ViewOptions,
} from './types.js'
