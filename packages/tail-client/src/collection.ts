import { EventEmitter } from 'eventemitter3'
import { TailError } from './errors.js'
import type { KeyViolation } from './stream/changes.js'
import { type Keyed, Multiset } from './stream/collection.js'
import type { KeyValue } from './stream/keys.js'
import type { Batch } from './types/batch.js'

/** Where a collection takes its batches from. */
export interface BatchSource<Row> {
  batches(): AsyncIterable<Batch<Row>>
  /** Whether the contents are being kept current now. */
  isLive(): boolean
  /** Calls back when a connection is lost, at once. */
  onStale(listener: (error: TailError) => void): void
  close(): Promise<void>
}

/** How the rows of a collection are looked up. */
export interface Lookup<Row> {
  readonly keyed: Keyed<Row>
  readonly keyText: (value: KeyValue) => string
}

/** What a collection tells. Nobody needs to listen. A listener that throws ends the collection with what it threw. */
export interface CollectionEvents<Row> {
  /** A batch with updates was applied: they lead from the contents before to those now. */
  change: (batch: Batch<Row>) => void
  /** Everything below `frontier` is in. */
  frontier: (frontier: bigint) => void
  /** The connection was lost: the contents stay as they are until it is back. */
  stale: (error: TailError) => void
  /** The contents are current again. */
  fresh: () => void
  /** A key has more than one row (`onKeyViolation: 'report'`). */
  keyViolation: (violation: KeyViolation<unknown>) => void
}

interface Waiter {
  readonly timestamp: bigint
  readonly resolve: () => void
  readonly reject: (reason: unknown) => void
}

/** The contents of a relation, kept current from the moment it is made until it is closed. */
export class LiveCollection<Row> implements AsyncDisposable, Iterable<Row> {
  readonly events: EventEmitter<CollectionEvents<Row>> = new EventEmitter<CollectionEvents<Row>>()
  readonly #source: BatchSource<Row>
  readonly #lookup: Lookup<Row> | undefined
  readonly #contents: Multiset<Row>
  readonly #waiters = new Set<Waiter>()
  #frontier = 0n
  #isReady = false
  #hasEnded = false
  #wasStale = false
  /** Resolves when the first snapshot is in; rejects if the stream fails before, or ends: `UNEXPECTED_END`. */
  readonly ready: Promise<void>
  /** Resolves when the stream has ended, also by `close`; rejects with what ended it. */
  readonly ended: Promise<void>

  constructor(source: BatchSource<Row>, lookup?: Lookup<Row>) {
    this.#source = source
    this.#lookup = lookup
    this.#contents = new Multiset<Row>(lookup?.keyed)
    source.onStale(error => {
      this.#wasStale = true
      this.events.emit('stale', error)
    })
    let isReady: () => void = () => {}
    const first = new Promise<void>(resolve => {
      isReady = resolve
    })
    this.ended = this.#follow(isReady)
    const endedFirst = (): never => {
      throw new TailError('UNEXPECTED_END', 'The collection ended before its first snapshot was in.')
    }
    this.ready = Promise.race([first, this.ended.then(endedFirst)])
    // Whoever wants to know awaits them; nobody must.
    this.ended.catch(() => {})
    this.ready.catch(() => {})
  }

  /** Every row, as often as it is there. */
  rows(): readonly Row[] {
    return this.#contents.rows()
  }

  /** Some rows, no more than `count`, each as often as it is there: without a copy of all the others. */
  first(count: number): readonly Row[] {
    return this.#contents.first(count)
  }

  /** Each distinct row once, with its multiplicity: as they are when the iteration begins. */
  entries(): Generator<readonly [row: Row, multiplicity: number]> {
    return this.#contents.entries()
  }

  /** Every row, as often as it is there when the iteration begins, whatever happens while it goes on. */
  [Symbol.iterator](): Iterator<Row> {
    return this.#contents.rows()[Symbol.iterator]()
  }

  /** How many distinct rows there are. */
  get size(): number {
    return this.#contents.size
  }

  /** How many rows there are, each as often as it is there. */
  get count(): number {
    return this.#contents.count
  }

  /**
   * The row of a key: of `key: 'id'` by the column's value, of `key: ['a', 'b']` by `[a, b]`, of a function by its text.
   * Undefined if there is none. `INVALID_OPTION` for a collection without a key.
   */
  get(key: KeyValue): Row | undefined {
    if (!this.#lookup)
      throw new TailError('INVALID_OPTION', "get() needs a key. Make it with collection({ key: '…' }).")
    return this.#contents.get(this.#lookup.keyText(key))
  }

  /** Whether a key has a row. */
  has(key: KeyValue): boolean {
    return this.get(key) !== undefined
  }

  /** The contents are complete up to here, exclusively. */
  get frontier(): bigint {
    return this.#frontier
  }

  /** Whether the contents are not being kept current now: before the snapshot, while the connection is lost, and after the end. */
  get stale(): boolean {
    return !this.#isReady || this.#hasEnded || !this.#source.isLive()
  }

  /**
   * Resolves when everything up to and with `timestamp` is in, for who reads what they have just written. Rejects with the signal's
   * reason, with what ended the stream, or with `UNEXPECTED_END` if it ended before.
   */
  waitFor(timestamp: bigint, { signal }: { readonly signal?: AbortSignal } = {}): Promise<void> {
    if (this.#frontier > timestamp) return Promise.resolve()
    if (this.#hasEnded) return this.ended.then(() => Promise.reject(endedBefore(timestamp)))
    return new Promise((resolve, reject) => {
      if (signal?.aborted) return reject(signal.reason)
      const abort = (): void => waiter.reject(signal?.reason)
      const settle = (): void => {
        this.#waiters.delete(waiter)
        signal?.removeEventListener('abort', abort)
      }
      const waiter: Waiter = {
        timestamp,
        resolve: () => {
          settle()
          resolve()
        },
        reject: reason => {
          settle()
          reject(reason)
        },
      }
      this.#waiters.add(waiter)
      signal?.addEventListener('abort', abort, { once: true })
    })
  }

  async close(): Promise<void> {
    await this.#source.close()
    await this.ended.catch(() => {})
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close()
  }

  async #follow(isReady: () => void): Promise<void> {
    let failure: unknown
    try {
      for await (const batch of this.#source.batches()) {
        this.#contents.apply(batch)
        this.#frontier = batch.upper
        this.#isReady = true
        isReady()
        for (const waiter of this.#waiters) if (batch.upper > waiter.timestamp) waiter.resolve()
        this.#tell(batch)
      }
    } catch (error) {
      failure = error
      throw error
    } finally {
      this.#hasEnded = true
      for (const waiter of this.#waiters) waiter.reject(failure ?? endedBefore(waiter.timestamp))
    }
  }

  #tell(batch: Batch<Row>): void {
    // What came before a connection was lost may be taken after it.
    if (this.#wasStale && this.#source.isLive()) {
      this.#wasStale = false
      this.events.emit('fresh')
    }
    if (batch.updates.length > 0) this.events.emit('change', batch)
    this.events.emit('frontier', batch.upper)
  }
}

function endedBefore(timestamp: bigint): TailError {
  return new TailError('UNEXPECTED_END', `The stream ended before timestamp ${timestamp} was in.`)
}
