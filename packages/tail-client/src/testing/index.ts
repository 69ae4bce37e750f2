// For tests of whoever uses this package: servers, networks and clocks that do what they are told.
export { FakeClock } from './clock.js'
export { escapeField, messages, progress, update } from './messages.js'
export { FaultProxy, type ProxyTarget } from './proxy.js'
export { type Cancellation, type Script, type ScriptedClient, ScriptedServer, welcome } from './server.js'
