import type { CacheUse, EngineEvent, Generation, Retention } from '../types.js'
import type { ColumnDescription } from '../wire/backend.js'
import type { Failure } from '../wire/failure.js'
import type { Setting } from '../wire/settings.js'
import type { Subject } from '../wire/subscription.js'
import type { LineChange } from './multiset.js'

/** Messages to run in one go. */
export interface Batch {
  /** Whole frontend messages. */
  readonly messages: Uint8Array
  /** The session settings of whoever sends them. */
  readonly settings: readonly Setting[]
  /** What `mz_now()` says; undefined in the middle of a transaction or of an extended query, where it stays. */
  readonly nowMs: number | undefined
  /** Settings may have changed even if nothing of the answer says so. */
  readonly readsBack: boolean
  /** Names of settings that PostgreSQL does not list, which may have changed too. */
  readonly customNames: readonly string[]
}

export interface BatchResult {
  /** Whole backend messages. */
  readonly answer: Uint8Array
  /** The session settings after it, if it may have changed them. */
  readonly settings?: readonly Setting[]
}

/** What is streamed, resolved: how it is evaluated and what its rows look like. */
export interface Plan {
  /** Equal for equal statements: what shares an evaluation. */
  readonly key: string
  /** What was planned, by a name that means the same to everyone; planned again in `settings` it gives this plan. */
  readonly subject: Subject
  /** The SELECT that gives its rows. */
  readonly sql: string
  /** What to call it to a user: the relation's full name, or the query. */
  readonly name: string
  readonly columns: readonly ColumnDescription[]
  readonly settings: readonly Setting[]
  /** Reaches `mz_now()`: changes with time alone. */
  readonly temporal: boolean
  /** Reaches no table: never changes. */
  readonly constant: boolean
}

/** What is wanted of one view in an evaluation. */
export interface Want {
  readonly id: number
  /** Given once, when the view is new. */
  readonly plan?: Plan
  /** Time alone may change it. */
  readonly temporal: boolean
  /** All rows, as they were before this evaluation's changes or as they are after them. */
  readonly rows?: 'before' | 'after'
}

export interface EvaluateRequest {
  readonly timestamp: number
  /** Evaluate also the views that only time changes. */
  readonly tick: boolean
  readonly wants: readonly Want[]
}

/** What became of one view. A view that is not among the results was left alone: its frontier must not move. */
export interface Evaluated {
  readonly id: number
  readonly changes: readonly LineChange[]
  /** The rows that were wanted; if it failed, those that it had when it last did not. */
  readonly rows?: readonly LineChange[]
  readonly failure?: Failure
  /** It only has to wait: it is where it was, and will be tried again. */
  readonly waits?: true
}

/** What was found at one moment. */
export interface Evaluation {
  readonly views: readonly Evaluated[]
  /** Views or functions were made anew since the last evaluation: what is temporal may have changed. */
  readonly redefined: boolean
}

/** A step of upkeep: prune one slice, vacuum one table, or write a checkpoint. */
export type UpkeepResult = { readonly more: boolean; readonly events: readonly EngineEvent[] }

/** How a backend is started. */
export interface BackendOptions {
  readonly generation: Generation
  readonly version: string
  readonly cacheDir: string
  /** Where PGlite keeps the database; undefined: in memory. */
  readonly dataDir: string | undefined
  readonly retain: readonly Retention[]
  /** The URL of the PostgreSQL server to work on; undefined for PGlite. */
  readonly postgres: string | undefined
}

/** What a backend says once it is ready. */
export interface Ready {
  readonly cache: CacheUse
  readonly serverVersion: string
  /** What its name is in SQL. */
  readonly databaseName: string
  /** What sessions beside its own have to start with. */
  readonly sessionSettings: readonly Setting[]
  readonly events: readonly EngineEvent[]
}

/**
 * A database, somewhere else, and one session of it. Calls are answered one after the other, in order.
 * A call rejects only if the backend is gone.
 */
export interface Backend {
  /** Runs what a client sent; `client` is its number, from 1. */
  run(client: number, batch: Batch): Promise<BatchResult>
  plan(subject: Subject, settings: readonly Setting[], nowMs: number): Promise<Plan | Failure>
  evaluate(request: EvaluateRequest): Promise<Evaluation>
  /** Forgets a view. */
  forget(id: number): Promise<void>
  /** Does the next small step of upkeep, if anything is due. */
  upkeep(nowMs: number): Promise<UpkeepResult>
}
