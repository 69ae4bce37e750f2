// For tests of whoever uses this package: servers, networks and clocks that do what they are told.
export { FakeClock } from './clock.js'
export { escapeField, messages, progress, update } from './messages.js'
export { Player, type PlayerOptions } from './player.js'
export { FaultProxy, type ProxyTarget } from './proxy.js'
export { Recorder } from './recorder.js'
export { type RecordedMessage, type Recording, readRecordings } from './recording.js'
export { type Cancellation, type Script, type ScriptedClient, ScriptedServer, welcome } from './server.js'
