import type { Readable } from 'node:stream'
import type { ReadableStream } from 'node:stream/web'
import { EventEmitter } from 'eventemitter3'
import { Checkpoint } from './checkpoint.js'
import { sleep } from './clock.js'
import { LiveCollection, type Lookup } from './collection.js'
import { invalidOption, TailError } from './errors.js'
import type { TailEvents } from './events.js'
import { batchesIn, changesIn, closable, type Delivered, updatesIn } from './iterate.js'
import { refusePartial, refuseRefetch, type Settings, settings, targetOf } from './options.js'
import { decide, delayMs, exhausted } from './resume.js'
import { type CamelCased, inCamelCase } from './rows/camel-case.js'
import { checkColumns } from './rows/columns.js'
import { type RowDecoder, rowDecoder } from './rows/row.js'
import { checkedDecoder } from './schema.js'
import { Session } from './session.js'
import { isRelation, type Relation } from './sql/relation.js'
import type { Source } from './sql/statement.js'
import { eventLoopTurn, inTurns } from './steps.js'
import type { RawBatch } from './stream/batches.js'
import { type Change, KeyedRows, type KeyViolation, keyViolation } from './stream/changes.js'
import { Delivery } from './stream/delivery.js'
import { checkKey, type KeyOf, type KeyOptions, keyFunction, lookupFunction } from './stream/keys.js'
import { readableOf, webStreamOf } from './streams.js'
import type {
  BatchesOptions,
  Column,
  ResumableBatch,
  SchemaOutput,
  StandardSchema,
  TailOptions,
  TailStatus,
  UnknownRow,
  Update,
  WhenFull,
} from './types.js'

/**
 * Streams a relation or a query of Materialize, by TAIL or SUBSCRIBE.
 *
 * The sum of the diffs yielded so far is, at every batch boundary, the contents at that frontier, across any number of
 * reconnects; no update is yielded before the server's frontier has passed its timestamp.
 *
 * Nothing connects before the iteration starts. Throws `INVALID_OPTION` at once for options that cannot be used.
 *
 * @example
 * for await (const { row, diff } of tail('organization_alert', { connection: process.env.MZ_URL }))
 *   console.log(diff > 0 ? 'fires' : 'resolves', row.labels)
 */
export function tail<S extends StandardSchema>(
  source: Source | Relation<unknown>,
  options: TailOptions<S> & { readonly schema: S },
): Tail<SchemaOutput<S>>
export function tail<Row>(
  source: Relation<Row>,
  options: TailOptions & { readonly columnNames: 'camelCase' },
): Tail<CamelCased<Row>>
export function tail<Row>(source: Relation<Row>, options: TailOptions): Tail<Row>
export function tail<Row = UnknownRow>(source: Source, options: TailOptions): Tail<Row>
export function tail(source: Source | Relation<unknown>, options: TailOptions): Tail {
  const { name, columns } = isRelation(source) ? source : { name: source, columns: undefined }
  const checked = settings(name, options)
  return new Tail(checked, new Checkpoint(name, checked.from, checked.checkpoint), options, columns)
}

/** A stream that has not started, runs, or has ended; made by `tail()`. One consumer: it is iterated once. */
export class Tail<Row = UnknownRow> implements AsyncIterable<Update<Row>>, AsyncDisposable {
  readonly events: EventEmitter<TailEvents> = new EventEmitter<TailEvents>()
  readonly #settings: Settings
  readonly #checkpoint: Checkpoint
  readonly #options: TailOptions
  /** What the consumer takes rows to be told apart by. */
  #key: KeyOf<Row> | undefined
  /** The columns that its types were made from. */
  readonly #expected: readonly Column[] | undefined
  readonly #stop = new AbortController()
  #isTaken = false
  #isClosed = false
  #session: Session | undefined
  #phase: TailStatus['phase'] = 'idle'
  #sinceMs: number
  #frontier = 0n
  #reconnects = 0
  #invalidRows = 0
  /** Of earlier sessions. */
  #repeatedUpdates = 0

  /** Use `tail()`. */
  constructor(
    checked: Settings,
    checkpoint: Checkpoint,
    options: TailOptions,
    expected: readonly Column[] | undefined,
  ) {
    this.#expected = expected
    this.#settings = checked
    this.#checkpoint = checkpoint
    this.#options = options
    this.#sinceMs = checked.clock.nowMs()
  }

  /** Where the stream is now. */
  get status(): TailStatus {
    return {
      phase: this.#phase,
      sinceMs: this.#sinceMs,
      frontier: this.#frontier,
      reconnects: this.#reconnects,
      repeatedUpdates: this.#repeatedUpdates + (this.#session?.repeatedUpdates ?? 0),
      invalidRows: this.#invalidRows,
      bufferedBytes: this.#session?.bufferedBytes ?? 0,
      isPaused: this.#session?.isPaused ?? false,
    }
  }

  /** Yields updates one by one; those of a timestamp only once it is closed. */
  [Symbol.asyncIterator](): AsyncIterableIterator<Update<Row>> {
    refuseRefetch(this.#settings)
    return closable(updatesIn<Row>(this.#take('pause')), this)
  }

  /** Yields closed batches: all updates in `[lower, upper)`, also empty ones, which move the frontier. */
  batches({
    partRows = Number.POSITIVE_INFINITY,
  }: BatchesOptions = {}): AsyncIterableIterator<ResumableBatch<Row>> {
    return this.#batches('pause', partRows)
  }

  #batches(whenFull: WhenFull, partRows: number): AsyncIterableIterator<ResumableBatch<Row>> {
    if (!(partRows > 0)) throw invalidOption('partRows', partRows, 'a positive number')
    return closable(batchesIn<Row>(this.#take(whenFull), partRows, this.#checkpoint), this)
  }

  /**
   * Yields inserts, updates and deletes by key. A key with more than one row throws `KEY_VIOLATION` with the rows, or is told by the
   * event `keyViolation` and has the row whose text comes first. Holds one entry per row.
   */
  changes({ key, onKeyViolation = 'throw' }: KeyOptions<Row>): AsyncIterableIterator<Change<Row>> {
    refuseRefetch(this.#settings)
    const keyed = new KeyedRows(keyFunction(key), this.#violation(onKeyViolation))
    this.#key = key
    return closable(changesIn(this.#take('consolidate'), keyed), this)
  }

  /**
   * Starts at once, and keeps the contents current until it is closed; with a key, rows can be looked up by it. It needs the contents to
   * begin with: `INVALID_OPTION` with `snapshot: false`, `from` or `checkpoint`.
   */
  collection(options?: KeyOptions<Row>): LiveCollection<Row> {
    refusePartial(this.#settings)
    const lookup = options && this.#lookup(options)
    const source = {
      batches: () => this.#batches('consolidate', Number.POSITIVE_INFINITY),
      isLive: () => this.#phase === 'live',
      onStale: (listener: (error: TailError) => void) => {
        this.events.on('stale', ({ error }) => listener(error))
      },
      close: () => this.close(),
    }
    const collection = new LiveCollection(source, lookup)
    this.events.on('keyViolation', event => collection.events.emit('keyViolation', event))
    return collection
  }

  /** The updates as a Readable of objects: `destroy()` closes the connection. */
  toReadable(): Readable {
    return readableOf(this)
  }

  /** The updates as a web stream: `cancel()` closes the connection. */
  toWeb(): ReadableStream<Update<Row>> {
    return webStreamOf(this)
  }

  /** Ends the iteration normally: the socket is closed at once, and whoever waits for the next batch is told the end. */
  async close(): Promise<void> {
    this.#isClosed = true
    this.#stop.abort(new TailError('CONNECTION_LOST', 'This tail was closed.'))
    this.#session?.destroy()
    this.#enter('ended')
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close()
  }

  #take(whenFull: WhenFull): AsyncIterable<Delivered> {
    if (this.#isTaken)
      throw new TailError(
        'ALREADY_ITERATING',
        'This tail is being iterated already, or was. Call tail() again for another consumer.',
      )
    this.#isTaken = true
    return this.#run(this.#settings.whenFull ?? whenFull)
  }

  #lookup({ key, onKeyViolation = 'throw' }: KeyOptions<Row>): Lookup<Row> {
    const keyed = { keyOf: keyFunction(key), onViolation: this.#violation(onKeyViolation) }
    this.#key = key
    return { keyed, keyText: lookupFunction(key) }
  }

  #violation(policy: 'throw' | 'report'): (violation: KeyViolation<Row>) => void {
    if (policy !== 'throw' && policy !== 'report')
      throw invalidOption('onKeyViolation', policy, "'throw' or 'report'")
    return violation => {
      if (policy === 'throw') throw keyViolation(violation)
      this.events.emit('keyViolation', violation)
    }
  }

  async *#run(whenFull: WhenFull): AsyncGenerator<Delivered, undefined> {
    const { signal: users, clock, retry, waitForRelation, backoff, random, upTo } = this.#settings
    const abort = (): void => this.#stop.abort(users?.reason)
    if (users?.aborted) abort()
    users?.addEventListener('abort', abort, { once: true })
    const { signal } = this.#stop
    const { onHistoryLost, snapshot, maxHeldRows } = this.#settings
    const delivery = new Delivery(onHistoryLost, snapshot && retry !== false, maxHeldRows)
    let expected = this.#expected
    let since = 'since its types were written'
    let failures = 0
    let progressMs = clock.nowMs()
    let failure: unknown
    try {
      const from = await this.#checkpoint.frontier()
      if (from !== undefined) delivery.resumeAfter(from)
      for (;;) {
        try {
          signal.throwIfAborted()
          if (upTo !== undefined && (delivery.frontier ?? 0n) >= upTo) return undefined
          this.#enter('connecting')
          const session = await this.#open(delivery, whenFull)
          const { columns } = session
          checkColumns(expected ?? columns, columns, since)
          expected = columns
          since = 'since the reconnect'
          this.#checkpoint.describe(columns)
          const decode = this.#decoder(columns)
          this.#enter(session.isLive ? 'live' : 'snapshot')
          this.events.emit('connected', { columns, attempt: failures + 1 })
          for (let raw = await session.next(); raw; raw = await session.next()) {
            signal.throwIfAborted()
            const batch = await inTurns(delivery.deliver(raw), eventLoopTurn)
            signal.throwIfAborted()
            if (!batch) continue
            // Neither a login nor a snapshot that has not caught up ends the row of failures.
            failures = 0
            progressMs = clock.nowMs()
            if (this.#phase !== 'live') this.#enter('live')
            if (batch.kind === 'snapshot')
              this.events.emit('snapshot', { updates: rowsIn(batch), frontier: batch.upper })
            if (batch.kind === 'reconciled')
              this.events.emit('reconciled', { updates: rowsIn(batch), frontier: batch.upper })
            this.#frontier = batch.upper
            yield { batch, decode }
          }
          return undefined
        } catch (reason) {
          if (signal.aborted) throw signal.reason
          // What is not ours was thrown by a listener or a store: it is nobody's to retry.
          if (!TailError.is(reason)) throw reason
          const error = reason
          failures++
          const silentMs = clock.nowMs() - progressMs
          const decision = decide(error, { retry, waitForRelation, failures, silentMs })
          if (decision === 'exhausted') throw exhausted(error, failures, silentMs)
          if (decision === 'fatal') throw error
          this.#session?.destroy()
          const wasLive = this.#phase === 'live'
          this.#enter('waiting')
          if (wasLive) this.events.emit('stale', { error, frontier: this.#frontier })
          const wanted = delayMs(failures, error.code, backoff, random)
          const gate = retry ? retry.gate : undefined
          const delay = gate ? gate.reserve(clock.nowMs(), wanted) : wanted
          this.events.emit('retry', { error, attempt: failures, delayMs: delay })
          await sleep(clock, delay, signal)
          this.#reconnects++
        }
      }
    } catch (error) {
      if (this.#isClosed) return undefined
      failure = error
      throw error
    } finally {
      users?.removeEventListener('abort', abort)
      this.#session?.destroy()
      this.#enter('ended')
      this.events.emit('end', { error: failure })
    }
  }

  #decoder(columns: readonly Column[]): RowDecoder {
    const { schema, onInvalidRow, columnNames } = this.#settings
    const named = columnNames === 'camelCase' ? inCamelCase(columns) : columns
    const decode = rowDecoder(named, this.#options)
    // What a schema makes of the columns is seen with the first row.
    if (!schema && this.#key !== undefined)
      checkKey(
        this.#key,
        named.map(({ name }) => name),
      )
    if (!schema) return decode
    return checkedDecoder(decode, schema, onInvalidRow, error => {
      this.#invalidRows++
      this.events.emit('invalidRow', error)
    })
  }

  async #open(delivery: Delivery, whenFull: WhenFull): Promise<Session> {
    const { frontier } = delivery
    this.#repeatedUpdates += this.#session?.repeatedUpdates ?? 0
    this.#session = undefined
    const { snapshot, asOf, asOfAtLeast } = this.#settings
    this.#session = await Session.open({
      ...this.#settings,
      whenFull,
      signal: this.#stop.signal,
      target: await targetOf(this.#settings.connection),
      start: frontier === undefined ? { snapshot, asOf, asOfAtLeast } : { after: frontier },
      orSnapshot: delivery.canBeginAnew,
      onNotice: fields => this.events.emit('notice', fields),
    })
    delivery.connected(this.#session.beginsWithSnapshot)
    return this.#session
  }

  #enter(phase: TailStatus['phase']): void {
    if (this.#phase === 'ended') return
    this.#phase = phase
    this.#sinceMs = this.#settings.clock.nowMs()
  }
}

function rowsIn({ runs }: RawBatch): number {
  return runs.reduce((sum, { count }) => sum + count, 0)
}
