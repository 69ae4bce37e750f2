/**
 * One change to a collection: at `timestamp`, the multiplicity of `row` changes by `diff`.
 * `diff` is a safe integer, never 0; `timestamp` is the server's, in practice milliseconds since 1970.
 */
export interface Update<Row> {
  readonly row: Row
  readonly timestamp: bigint
  readonly diff: number
  /**
   * The row's columns exactly as the server wrote them (COPY text, tab separated).
   * Two rows of one relation are equal if and only if their `raw` is.
   */
  readonly raw: string
}

/**
 * What a batch says:
 *
 * - `snapshot`: the updates that state the contents; the first batch, and with `onHistoryLost: 'refetch'` also a later one, which
 *   voids what came before.
 * - `changes`: what happened in `[lower, upper)`; ordered by timestamp, one update per (timestamp, row).
 * - `progress`: nothing happened; only the frontier moved.
 * - `reconciled`: after a loss of connection, the net difference between what was delivered and the contents now;
 *   its updates carry the last timestamp of the span.
 * - `merged`: what several batches came to that the consumer was too slow to take one by one (`whenFull: 'consolidate'`); its updates
 *   carry the last timestamp of the span.
 */
export type BatchKind = 'snapshot' | 'changes' | 'progress' | 'reconciled' | 'merged'

/** All updates with `lower <= timestamp < upper`: complete, because the server's frontier has reached `upper`. */
export interface Batch<Row> {
  readonly kind: BatchKind
  readonly updates: readonly Update<Row>[]
  readonly lower: bigint
  readonly upper: bigint
  /** Where the batch is one of several that make up a whole, which is complete with the last; only for who asked for parts. */
  readonly part?: BatchPart | undefined
}

/** The place of a part in its batch; `index` counts from 0. */
export interface BatchPart {
  readonly index: number
  readonly isLast: boolean
}

/** A batch of `tail().batches()`: one can go on after it in another process. */
export interface ResumableBatch<Row> extends Batch<Row> {
  /** Where the stream is after this batch, as one string; another process resumes there with `from`. Only the last of parts has one. */
  readonly token: string
  /**
   * Saves the token in the `checkpoint` of the options, after the batch has been processed. `COMMIT_REFUSED` without a checkpoint,
   * for a batch that is older than one that was committed, and for a part that is not the last.
   */
  commit(): Promise<void>
}

/** Where tokens are kept between processes. What it throws is thrown by the iteration or by `commit()`. */
export interface CheckpointStore {
  /** The token saved last under a name; undefined if there is none. */
  load(name: string): Promise<string | undefined>
  /**
   * Resolves when the token is safe; the old one is kept until then. `previous` is what this process loaded or saved last, if anything:
   * a store that finds another token in its place should throw `COMMIT_REFUSED`, since another process has taken over.
   */
  save(name: string, token: string, previous?: string): Promise<void>
}

/**
 * What happens when a server no longer has the changes since the frontier:
 *
 * - `reconcile`: a new snapshot is compared with what was delivered, and only the net difference comes. Holds every distinct row.
 * - `refetch`: the new snapshot comes as a batch of kind `snapshot`, which voids what came before. Holds nothing. For `.batches()`
 *   and `.collection()` only, since single updates and changes cannot say that what came before is void.
 * - `fail`: the iteration ends with `HISTORY_LOST`.
 */
export type OnHistoryLost = 'reconcile' | 'refetch' | 'fail'

/**
 * What happens when a consumer is too slow for its stream:
 *
 * - `pause`: the socket is not read until half of what waits has been taken; the server waits, or drops the connection.
 * - `consolidate`: batches that wait are merged into one, of kind `merged`, so that no more waits than the rows that differ; paused
 *   only if that is still too much.
 * - `fail`: the iteration ends with `BUFFER_OVERFLOW`.
 */
export type WhenFull = 'pause' | 'consolidate' | 'fail'

/**
 * How the server shapes changes by key (current servers only). It pairs what goes and what comes at a timestamp, and is `KEY_VIOLATION`
 * where that is more than one row of a key:
 *
 * - `upsert`: a change is one row, and not two. A second row of a key that comes at a later timestamp takes the place of the first, and
 *   nobody notices. After every loss the server is asked for the contents, since what was before is not in what it sends.
 * - `debezium`: a change has the row before and after. It is resumed as any other stream, and a second row of a key is found.
 */
export type Envelope = 'upsert' | 'debezium'

/** Which statement a server speaks: `TAIL` up to v0.26, `SUBSCRIBE` since v0.27. */
export type Generation = 'tail' | 'subscribe'

/** One column of a relation: its name and the OID of its type, as the server describes them. */
export interface Column {
  readonly name: string
  readonly oid: number
}

/** A row as decoded by default: values by column name. */
export type UnknownRow = Record<string, unknown>

/** Where the server is: a `postgres://` URL, or its parts. A password may be a function, called on every attempt. */
export interface ConnectionOptions {
  readonly host?: string
  readonly port?: number
  readonly user?: string
  readonly database?: string
  readonly password?: string | (() => string | Promise<string>)
  readonly ssl?: boolean | Record<string, unknown>
  readonly applicationName?: string
  /** Session settings to start with, for example `{ cluster: 'alerts' }`. */
  readonly settings?: Readonly<Record<string, string>>
}

/** A URL, its parts, or a function that gives either; a function is called on every attempt. */
export type Connection =
  | string
  | ConnectionOptions
  | (() => string | ConnectionOptions | Promise<string | ConnectionOptions>)

/** Milliseconds of a monotonic clock, and timers. */
export interface Clock {
  readonly nowMs: () => number
  readonly setTimer: (callback: () => void, delayMs: number) => { readonly clear: () => void }
}

/** A range: a bound that is missing is null; `bounds` says which of them belong to it, or that nothing does. */
export interface Range<T = unknown> {
  readonly lower: T | null
  readonly upper: T | null
  readonly bounds: '[]' | '[)' | '(]' | '()' | 'empty'
}

/** An interval: months and days have no fixed length, so that they stay apart. */
export interface Interval {
  readonly months: number
  readonly days: number
  readonly microseconds: bigint
}

/** How values of types that JavaScript has no match for are given. */
export interface ValueOptions {
  /** `int8` and unsigned 8-byte integers; `number` refuses values that are not safe integers. Default: `bigint`. */
  readonly int8?: 'bigint' | 'number' | 'string'
  /**
   * `numeric`, also in ranges and arrays; a string keeps all 39 digits, a number about 16 of them, and a function makes of the text what it
   * likes. Default: `string`.
   */
  readonly numeric?: 'string' | 'number' | ((text: string) => unknown)
  /**
   * `date`, `timestamp` and `timestamptz`, also in ranges and arrays; a `Date` has milliseconds only. A `time` of day is always text.
   * Default: `string`.
   */
  readonly time?: 'string' | 'date' | ((text: string) => unknown)
  /** `interval`; `parts` is an `Interval`. Default: `string`. */
  readonly interval?: 'string' | 'parts' | ((text: string) => unknown)
  /**
   * `jsonb`; `parse` is `JSON.parse`, which rounds numbers of more than about 16 digits, where `string` keeps what the server wrote.
   * Default: `parse`.
   */
  readonly jsonb?: 'parse' | 'string' | ((text: string) => unknown)
  /**
   * By column: makes the value of the text that the server wrote, instead of what the type says. NULL stays null. What it throws becomes
   * `DECODE`; a column that the relation does not have is `SCHEMA_MISMATCH` before any row.
   */
  readonly parse?: Readonly<Record<string, (text: string) => unknown>>
}

/** Keeps the attempts of many tails apart; `RetryGate` is one. */
export interface RetryTurns {
  /** The delay for an attempt that would come `delayMs` after `nowMs`: as long, or longer if that moment is taken. */
  reserve(nowMs: number, delayMs: number): number
}

/** A Standard Schema (https://standardschema.dev), as zod, valibot, arktype and others make them. */
export interface StandardSchema<Input = unknown, Output = Input> {
  readonly '~standard': {
    readonly version: 1
    readonly vendor: string
    readonly validate: (value: unknown) => SchemaResult<Output> | Promise<SchemaResult<Output>>
    readonly types?: { readonly input: Input; readonly output: Output } | undefined
  }
}

/** What a schema makes of a value: another value, or what is wrong with it. */
export type SchemaResult<Output> =
  | { readonly value: Output; readonly issues?: undefined }
  | {
      readonly issues: readonly {
        readonly message: string
        readonly path?: readonly (PropertyKey | { readonly key: PropertyKey })[] | undefined
      }[]
    }

/** What a schema makes of rows. */
export type SchemaOutput<S extends StandardSchema> = NonNullable<S['~standard']['types']>['output']

/** What happens to a row that the schema refuses: `ROW_INVALID`, or it is left out, counted in `status` and told by an event. */
export type OnInvalidRow = 'throw' | 'skip'

/**
 * How a lost connection is retried: after anything from `minMs` to a mark, which doubles up to `maxMs` with every attempt in a row. Only
 * progress of the stream ends the row: a server that lets us in and dies is waited for like one that is not there.
 */
export interface RetryOptions {
  /** First mark, in milliseconds; four times that for a server that says it is busy or going down. Default: 250. */
  readonly initialMs?: number
  /** Shortest delay, in milliseconds. Default: a fifth of `initialMs`. */
  readonly minMs?: number
  /** Longest delay, in milliseconds. Default: 30 000. */
  readonly maxMs?: number
  /** Gives up with `RETRIES_EXHAUSTED` after so many attempts in a row. Default: never. */
  readonly maxAttempts?: number
  /** Gives up with `RETRIES_EXHAUSTED` when an attempt fails and there was no progress for so long, in milliseconds. Default: never. */
  readonly giveUpAfterMs?: number
  /** Shared by many tails, so that they do not all come back at once. */
  readonly gate?: RetryTurns
}

/** What `tail()` takes; only `connection` is required. */
export interface TailOptions<Schema extends StandardSchema = StandardSchema> extends ValueOptions {
  readonly connection: Connection
  /** Ends the iteration by throwing `signal.reason`. */
  readonly signal?: AbortSignal
  /** Every row goes through it, and is what it makes of it. It must answer at once, and the same for the same row. */
  readonly schema?: Schema
  /** Default: `throw`. */
  readonly onInvalidRow?: OnInvalidRow
  /** `camelCase`: the properties of rows are the columns' names in camelCase, for `schema` and `parse` too. Default: `asIs`. */
  readonly columnNames?: 'asIs' | 'camelCase'
  /** Whether the contents come first. Default: true. */
  readonly snapshot?: boolean
  /**
   * Resumes after the batch whose `token` this is: what happened since comes first, no snapshot. If the server no longer has it, there is
   * nothing to reconcile with: `HISTORY_LOST`, or with `onHistoryLost: 'refetch'` a snapshot.
   */
  readonly from?: string
  /** Resumes from the token saved under a name, if there is one; `batch.commit()` saves there. */
  readonly checkpoint?: { readonly store: CheckpointStore; readonly name: string }
  /** Default: `reconcile`. */
  readonly onHistoryLost?: OnHistoryLost
  /**
   * Servers that speak TAIL (v0.26 and before) only: goes on by AS OF, as with current ones. Without it their history counts as lost with
   * every connection, since a restarted one takes any AS OF and leaves out what it has forgotten: updates are lost or come twice, and
   * no error says so. For who knows that the server was not restarted. Default: false.
   */
  readonly trustTailHistory?: boolean
  /** Begins with the contents as of this timestamp, which the server must have sent as a frontier or still hold. */
  readonly asOf?: bigint
  /** Begins at the earliest timestamp from this one on that the server still has. Current servers only. */
  readonly asOfAtLeast?: bigint
  /** Ends when everything before this timestamp has come. Current servers only. */
  readonly upTo?: bigint
  /** Which statement the server speaks. Default: by its version. */
  readonly generation?: Generation | 'auto'
  /** Longest time for connecting, TLS, login and description, in milliseconds. Default: 10 000. */
  readonly connectTimeoutMs?: number
  /** Once the snapshot is complete: no bytes for so long means the connection is dead. Default: 30 000. */
  readonly progressTimeoutMs?: number
  /** Longest time until the snapshot is complete, in milliseconds. Default: none (a server may hydrate for minutes). */
  readonly snapshotTimeoutMs?: number
  /** How many bytes of closed batches may wait for the consumer: their rows, and what is around them. Default: 8 MiB. */
  readonly maxBufferedBytes?: number
  /** What happens when more of them wait. Default: `pause`; for changes and collections, `consolidate`. */
  readonly whenFull?: WhenFull
  /**
   * Once the socket has been paused for so long, and no batch was taken, the connection is closed, to free the server, and what waits can still be taken;
   * after it, the stream connects anew and goes on (`CONSUMER_STALLED` is its reason). Milliseconds. Default: 60 000.
   */
  readonly stallTimeoutMs?: number
  /** More bytes of rows at timestamps that are not closed yet are refused with `BATCH_TOO_LARGE`. Default: 1 GiB. */
  readonly maxBatchBytes?: number
  /** A longer row is refused with `ROW_TOO_LARGE`. Default: 64 MiB. */
  readonly maxRowBytes?: number
  /**
   * Distinct rows that may be held to reconcile after a loss; more is refused with `TOO_MANY_ROWS`. Each takes its text and about 40
   * bytes, outside of the JavaScript heap, and twice that while a new snapshot is compared. Default: 10 million.
   */
  readonly maxHeldRows?: number
  /** `false`: the first loss ends the iteration with its error. Default: retried for ever. */
  readonly retry?: RetryOptions | false
  /** An unknown relation is retried, and one that may not be read yet, for a stack that still boots. Default: false. */
  readonly waitForRelation?: boolean
  readonly clock?: Clock
  /** Numbers in `[0, 1)`, for jitter. Default: `Math.random`. */
  readonly random?: () => number
}

/** Where a stream is. `since` is the clock's milliseconds when the phase began. */
export interface TailStatus {
  readonly phase: 'idle' | 'connecting' | 'snapshot' | 'live' | 'waiting' | 'ended'
  readonly sinceMs: number
  /** Everything below it has been yielded; 0 before the snapshot. */
  readonly frontier: bigint
  readonly reconnects: number
  /** Updates that a resumed stream sent again though they are below the frontier; they were dropped. */
  readonly repeatedUpdates: number
  /** Updates that were left out because the schema refused their row (`onInvalidRow: 'skip'`). */
  readonly invalidRows: number
  readonly bufferedBytes: number
  /** Whether the socket is not read because too much waits for the consumer. */
  readonly isPaused: boolean
}

/** How `batches()` gives batches. */
export interface BatchesOptions {
  /**
   * A batch of more rows comes in parts, of at least so many rows each but for the last: batches with the same `kind`, `lower` and
   * `upper`, and a `part`. Nothing else comes in between, and what is decoded at once stays small. Default: every batch is whole.
   */
  readonly partRows?: number
}
