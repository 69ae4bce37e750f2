import type { Backend } from '../evaluate/backend.js'
import type { Hub } from '../stream/hub.js'
import type { Oracle } from '../stream/oracle.js'
import type { Timers } from '../stream/timers.js'
import type { Turns } from '../stream/turns.js'
import type { EngineEvent, Generation } from '../types.js'
import type { Seats } from './seats.js'

/** What every client of an engine shares. */
export interface Services {
  readonly generation: Generation
  readonly backend: Backend
  /** Whose turn it is in the session that views are evaluated in. */
  readonly turns: Turns
  readonly seats: Seats
  readonly oracle: Oracle
  readonly hub: Hub
  readonly timers: Timers
  readonly historyMs: number
  readonly maxCopyInBytes: number
  /** For how long a transaction may keep the others waiting. */
  readonly maxTransactionMs: number
  readonly onEvent: (event: EngineEvent) => void
}

/** What the engine says it is. The words in parentheses are what a client can tell it from Materialize by. */
export function versionOf(generation: Generation): string {
  return generation === 'tail' ? 'v0.26.1-dev (local engine)' : 'v0.147.0-dev (local engine)'
}
