import type { Readable } from 'node:stream'
import type { ReadableStream } from 'node:stream/web'
import { EventEmitter } from 'eventemitter3'
import { Checkpoint } from './checkpoint.js'
import { LiveCollection, type Lookup } from './collection.js'
import { invalidOption, TailError } from './errors.js'
import type { TailEvents } from './events.js'
import { batchesIn, changesIn, closable, updatesIn } from './iterate.js'
import { refusePartial, refuseRefetch, type Settings, settings, shapeOf } from './options.js'
import { type Delivered, Reception } from './reception.js'
import { type CamelCased, inCamelCase } from './rows/camel-case.js'
import { isRelation, type Relation } from './sql/relation.js'
import type { Shape, Source } from './sql/statement.js'
import { type Change, KeyedRows, type KeyViolation, keyViolation } from './stream/changes.js'
import {
  type ChangesOptions,
  checkKey,
  type KeyOf,
  type KeyOptions,
  keyFunction,
  lookupFunction,
} from './stream/keys.js'
import { readableOf, webStreamOf } from './streams.js'
import type { BatchesOptions, ResumableBatch } from './types/batch.js'
import type { Column } from './types/connection.js'
import type { TailOptions, WhenFull } from './types/options.js'
import type { SchemaOutput, StandardSchema } from './types/schema.js'
import type { TailStatus } from './types/status.js'
import type { UnknownRow, Update } from './types/update.js'

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
  readonly #reception: Reception
  #isTaken = false

  /** Use `tail()`. */
  constructor(
    checked: Settings,
    checkpoint: Checkpoint,
    options: TailOptions,
    expected: readonly Column[] | undefined,
  ) {
    this.#settings = checked
    this.#checkpoint = checkpoint
    this.#reception = new Reception(checked, checkpoint, options, expected, this.events)
  }

  /** Where the stream is now. */
  get status(): TailStatus {
    return this.#reception.status
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
   * event `keyViolation` and has the row whose text comes first. Holds one entry per row. With `envelope` the server does the pairing.
   */
  changes(options: ChangesOptions<Row>): AsyncIterableIterator<Change<Row>> {
    const { key, onKeyViolation = 'throw' } = options
    refuseRefetch(this.#settings)
    const shape = shapeOf(this.#settings, options)
    const keyed = new KeyedRows(keyFunction(key), this.#violation(onKeyViolation))
    this.#checkOnConnect(key)
    return closable(changesIn(this.#take('consolidate', shape), keyed), this)
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
      isLive: () => this.#reception.status.phase === 'live',
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
    this.#reception.close()
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close()
  }

  #take(whenFull: WhenFull, shape?: Shape): AsyncIterable<Delivered> {
    if (this.#isTaken)
      throw new TailError(
        'ALREADY_ITERATING',
        'This tail is being iterated already, or was. Call tail() again for another consumer.',
      )
    this.#isTaken = true
    return this.#reception.batches(this.#settings.whenFull ?? whenFull, shape)
  }

  #lookup({ key, onKeyViolation = 'throw' }: KeyOptions<Row>): Lookup<Row> {
    const keyed = { keyOf: keyFunction(key), onViolation: this.#violation(onKeyViolation) }
    this.#checkOnConnect(key)
    return { keyed, keyText: lookupFunction(key) }
  }

  /** What a schema makes of the columns is seen with the first row. */
  #checkOnConnect(key: KeyOf<Row>): void {
    const { schema, columnNames } = this.#settings
    if (schema) return
    this.events.once('connected', ({ columns }) => {
      const named = columnNames === 'camelCase' ? inCamelCase(columns) : columns
      checkKey(
        key,
        named.map(({ name }) => name),
      )
    })
  }

  #violation(policy: 'throw' | 'report'): (violation: KeyViolation<Row>) => void {
    if (policy !== 'throw' && policy !== 'report')
      throw invalidOption('onKeyViolation', policy, "'throw' or 'report'")
    return violation => {
      if (policy === 'throw') throw keyViolation(violation)
      this.events.emit('keyViolation', violation)
    }
  }
}
