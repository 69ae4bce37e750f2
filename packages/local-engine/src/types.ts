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
  /** The views that are listened to were looked at, all of them together in `tookMs`: several times a second. */
  | {
      readonly type: 'evaluated'
      readonly timestamp: bigint
      readonly views: number
      readonly tookMs: number
    }
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
  /** The PostgreSQL server cannot be reached: views stay where they are, clients are disconnected. It is tried again. */
  | { readonly type: 'database-lost'; readonly reason: string }
  /** The PostgreSQL server is there again: views go on, with what has changed meanwhile. */
  | { readonly type: 'database-recovered' }
  /** The engine's thread died: every client is disconnected, data in memory is gone. Start another engine. */
  | { readonly type: 'died'; readonly reason: string }

/** `found`: the prepared data directory was used. `made`: it was made now and kept. `none`: it could not be kept, or was not needed. */
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
   * The `postgres://` URL of a PostgreSQL server, 13 or later, whose tables and views are streamed instead of those of a
   * database of the engine's own. It polls: what others commit is found within about 100 ms, and changes between two
   * evaluations cancel out. Each client gets a session with the rights of this URL's user: keep `host` on loopback.
   * Default: PGlite, in memory.
   */
  readonly postgres?: string
  /**
   * The wall clock in milliseconds since 1970. Timestamps follow it, are whole, never repeat and never go back,
   * even if it does, or throws. Default: `Date.now`.
   */
  readonly nowMs?: () => number
  /**
   * The folder that keeps the prepared data directory, a few megabytes, tied to the exact PGlite version.
   * Default: `mzalert` in `$XDG_CACHE_HOME` or `~/.cache`.
   */
  readonly cacheDir?: string
  /**
   * The folder that the database is kept in, made if it is not there; one engine at a time has it. What was committed is
   * there again after the process has ended, however it ended. Default: in memory, gone with the process.
   */
  readonly dataDir?: string
  /** Rows that are deleted once they are old. Default: none. */
  readonly retain?: readonly Retention[]
  /**
   * For how long a view goes on being evaluated after its last listener left, and how far back its changes are kept,
   * so that `AS OF` resumes it. Default: 0, as Materialize's own: `AS OF` a time that is gone is refused.
   */
  readonly historyMs?: number
  /** What the changes that are kept may take, of all views together, in bytes; then the oldest go. Default: 64 MiB. */
  readonly maxHistoryBytes?: number
  /** The most that one `COPY … FROM STDIN` may hold, in bytes; it is gathered before it is loaded. Default: 64 MiB. */
  readonly maxCopyInBytes?: number
  /**
   * For how long one client's transaction may go on, in milliseconds, at least 1: all other clients and all streams wait for
   * it. Then it is rolled back and the client disconnected (25P04), between two of its statements; one that is idle for
   * 5 s is, however short it was (25P03). Not over a PostgreSQL server, where nobody waits. Default: 30 000.
   */
  readonly maxTransactionMs?: number
  /** Called with everything worth knowing. What it throws is ignored. */
  readonly onEvent?: (event: EngineEvent) => void
}

/** Faults that the engine makes on demand, so that whoever depends on it can be tested. Harmless once it is closed. */
export interface Faults {
  /** Whether new connections are cut at once, as by a server that is not up yet. Those that are there stay. */
  refuse(on: boolean): void
  /**
   * Disconnects every client with FIN and no message, as a server that restarts. Tables stay and timestamps go on;
   * with `dropHistory` nothing of before can be resumed. Resolves when those who were connected are gone.
   */
  restart(options?: { readonly dropHistory?: boolean }): Promise<void>
  /** Every client that is connected now is cut off in the middle of the next row that its stream would send. */
  dieInMidRow(): void
  /** Whether nothing is sent to anyone, while all sockets stay open; new ones are accepted, and not answered. */
  silence(on: boolean): void
  /** Sends each client at most so many bytes a second, at least 1; undefined ends it. */
  slow(bytesPerSecond: number | undefined): void
  /**
   * Puts the clock and the timestamps back by so many milliseconds, at least 1. Streams that are open go on with
   * timestamps that they have passed, which a correct server never does. The history is dropped.
   */
  goBack(ms: number): void
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
   * Runs a script of one or more SQL statements as one transaction, unless it begins and commits some of its own.
   * Rejects with `EngineError` `SQL_FAILED` (nothing of it is there but what it has committed itself) or `CLOSED`.
   */
  execute(sql: string): Promise<void>
  /** Faults that it can be told to make. */
  readonly faults: Faults
  /** Ends every client and the thread at once. Resolves when nothing is left; calling it again is harmless. */
  close(): Promise<void>
}
