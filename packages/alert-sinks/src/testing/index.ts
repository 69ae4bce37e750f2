// For tests of whoever writes a sink: what every sink has to do, and a destination that does what it is told.
export { type ConformanceCheck, type SinkHarness, sinkConformance } from './conformance.js'
export { HttpReceiver, type ReceivedRequest, type ScriptedAnswer } from './receiver.js'
