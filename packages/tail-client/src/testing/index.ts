// For tests of whoever uses this package: servers, networks and clocks that do what they are told.
export { FakeClock } from './clock.js'
export { escapeField, messages, progress, update } from './messages.js'
export { FaultProxy, type ProxyTarget } from './proxy.js'
export { type Script, type ScriptedClient, ScriptedServer } from './server.js'
