/** Which statement the engine speaks: `TAIL` as up to v0.26, or `SUBSCRIBE` as since v0.27. */
export type Generation = 'tail' | 'subscribe'

/** Rows of a table that are deleted once they are old, so that an engine can run for days. */
export interface Retention {
  /** The table's name as it would stand in SQL, for example `deployment_events` or `"My schema".events`. */
  readonly table: string
  /** A SQL expression over the table's columns that gives milliseconds since 1970, for example `event_ts * 1000`. */
  readonly timestampMs: string
  /** Rows older than this are deleted; wider than the widest window that any view looks at. At least 1. */
  readonly forMs: number
}

/** What the engine has to tell. Nothing is written anywhere: the events go to `onEvent` and nowhere else. */
export type EngineEvent =
  /** The engine listens. `cache` says where the data directory came from, `startMs` how long the start took. */
  | { readonly type: 'started'; readonly url: string; readonly cache: CacheUse; readonly startMs: number }
  /** The prepared data directory could not be read or written at `path`; the engine works without it. */
  | { readonly type: 'cache-unavailable'; readonly path: string; readonly reason: string }
  /** A statement that is streamed could not be evaluated. Reported when it starts to fail, not at every attempt. */
  | {
      readonly type: 'evaluation-failed'
      readonly statement: string
      readonly timestamp: bigint
      readonly sqlState: string
      readonly reason: string
    }
  /** A statement that had failed can be evaluated again. */
  | { readonly type: 'evaluation-recovered'; readonly statement: string; readonly timestamp: bigint }
  /** Rows older than a retention allows were deleted; `rows` is one slice. */
  | { readonly type: 'pruned'; readonly table: string; readonly rows: number }
  /** A retention or the engine's own upkeep failed. Reported once per distinct reason. */
  | { readonly type: 'upkeep-failed'; readonly subject: string; readonly reason: string }
  /** A client left a transaction open for too long; it was rolled back and the client disconnected. */
  | { readonly type: 'transaction-timed-out'; readonly pid: number }
  /** The engine's thread died: every client is disconnected, the data is gone. Start another engine. */
  | { readonly type: 'died'; readonly reason: string }

/** `found`: the prepared data directory was used. `made`: it was made now and kept. `none`: it could not be kept. */
export type CacheUse = 'found' | 'made' | 'none'

/** How an engine is started. Everything has a default. */
export interface EngineOptions {
  /** The address to listen on. Default: `127.0.0.1`. There is no authentication: keep it on loopback. */
  readonly host?: string
  /** The TCP port to listen on, 0 for any free one. Default: 0. */
  readonly port?: number
  /** Which generation the engine poses as. Default: `subscribe`. */
  readonly generation?: Generation
  /**
   * The wall clock in milliseconds since 1970. Timestamps follow it, are whole, never repeat and never go back,
   * even if it does. Default: `Date.now`.
   */
  readonly nowMs?: () => number
  /**
   * The folder that keeps the prepared data directory, a few megabytes, tied to the exact PGlite version.
   * Default: `mzalert` in `$XDG_CACHE_HOME` or `~/.cache`.
   */
  readonly cacheDir?: string
  /** Rows that are deleted once they are old. Default: none. */
  readonly retain?: readonly Retention[]
  /** The most that one `COPY … FROM STDIN` may hold, in bytes; it is gathered before it is loaded. Default: 64 MiB. */
  readonly maxCopyInBytes?: number
  /** Called with everything worth knowing. What it throws is ignored. */
  readonly onEvent?: (event: EngineEvent) => void
}

/** A running engine. */
export interface Engine extends AsyncDisposable {
  /** A `postgres://` URL that any client connects to. */
  readonly url: string
  /** The address it listens on. */
  readonly host: string
  /** The TCP port it listens on. */
  readonly port: number
  /**
   * Runs a script of one or more SQL statements, as `psql -f` would in one transaction.
   * Rejects with `EngineError` `SQL_FAILED` (the script had no effect) or `CLOSED`.
   */
  execute(sql: string): Promise<void>
  /** Ends every client and the thread at once. Resolves when nothing is left; calling it again is harmless. */
  close(): Promise<void>
}
