import type { EventEmitter } from 'eventemitter3'
import type { Checkpoint } from './checkpoint.js'
import { sleep, within } from './clock.js'
import { TailError } from './errors.js'
import type { TailEvents } from './events.js'
import { type Settings, targetOf } from './options.js'
import { Retries } from './resume.js'
import { inCamelCase } from './rows/camel-case.js'
import { checkColumns } from './rows/columns.js'
import { type RowDecoder, rowDecoder } from './rows/row.js'
import { checkedDecoder } from './schema.js'
import { Session } from './session.js'
import type { Shape } from './sql/statement.js'
import { eventLoopTurn, inTurns } from './steps.js'
import { endOfTime, type RawBatch, rowsIn } from './stream/batches.js'
import { Delivery } from './stream/delivery.js'
import type { Column } from './types/connection.js'
import type { WhenFull } from './types/options.js'
import type { TailStatus } from './types/status.js'
import type { ValueOptions } from './types/values.js'

/** A closed batch that the consumer is given next, and how its rows are decoded. */
export interface Delivered {
  readonly batch: RawBatch
  readonly decode: RowDecoder
  /** To be called when the consumer is about to be given the batch, or the last part of it: only then is the stream there. */
  readonly handOver: () => void
}

/** A server that speaks TAIL may read its history from the beginning, however long ago that was: it has so long to catch up. */
const catchUpWithinMs = 60_000

/** What a tail receives, across all connections that it takes: closed batches, each once, and where the stream is. */
export class Reception {
  readonly #settings: Settings
  readonly #checkpoint: Checkpoint
  readonly #values: ValueOptions
  readonly #events: EventEmitter<TailEvents>
  /** The columns that every connection must have, once they are known, and since when. */
  #expected: readonly Column[] | undefined
  #since = 'since its types were written'
  readonly #stop = new AbortController()
  #shape: Shape | undefined
  #isClosed = false
  #session: Session | undefined
  #phase: TailStatus['phase'] = 'idle'
  /** Whether the loss of a connection that was live has been told. */
  #isStale = false
  #sinceMs: number
  #frontier = 0n
  #reconnects = 0
  #invalidRows = 0
  /** Of earlier sessions. */
  #repeatedUpdates = 0

  constructor(
    settings: Settings,
    checkpoint: Checkpoint,
    values: ValueOptions,
    expected: readonly Column[] | undefined,
    events: EventEmitter<TailEvents>,
  ) {
    this.#settings = settings
    this.#checkpoint = checkpoint
    this.#values = values
    this.#expected = expected
    this.#events = events
    this.#sinceMs = settings.clock.nowMs()
  }

  get status(): TailStatus {
    const session = this.#session
    // A consumer that is busy comes for what waits later: the connection may have been lost long before.
    const lostMs = this.#phase === 'live' ? session?.lostMs : undefined
    return {
      phase: lostMs === undefined ? this.#phase : 'waiting',
      sinceMs: lostMs ?? this.#sinceMs,
      frontier: this.#frontier,
      reconnects: this.#reconnects,
      repeatedUpdates: this.#repeatedUpdates + (session?.repeatedUpdates ?? 0),
      invalidRows: this.#invalidRows,
      bufferedBytes: session?.bufferedBytes ?? 0,
      isPaused: session?.isPaused ?? false,
    }
  }

  close(): void {
    this.#isClosed = true
    this.#stop.abort(new TailError('CONNECTION_LOST', 'This tail was closed.'))
    this.#letGo()
    this.#enter('ended')
  }

  /** Connects, again and again where that may help, until the stream is complete or closed; throws what else ends it. Iterated once. */
  async *batches(whenFull: WhenFull, shape?: Shape): AsyncGenerator<Delivered, undefined> {
    this.#shape = shape
    const { signal: users, clock, retry, upTo, onHistoryLost, snapshot, maxHeldRows } = this.#settings
    const abort = (): void => this.#stop.abort(users?.reason)
    if (users?.aborted) abort()
    users?.addEventListener('abort', abort, { once: true })
    const { signal } = this.#stop
    const delivery = new Delivery(onHistoryLost, snapshot && retry !== false, maxHeldRows)
    const retries = new Retries(this.#settings)
    let failure: unknown
    try {
      const from = await within(this.#checkpoint.frontier(), signal)
      if (from !== undefined) delivery.resumeAfter(from)
      for (;;) {
        try {
          signal.throwIfAborted()
          if ((delivery.frontier ?? 0n) >= (upTo ?? endOfTime + 1n)) return undefined
          yield* this.#connection(delivery, whenFull, retries)
          return undefined
        } catch (reason) {
          if (signal.aborted) throw signal.reason
          // What is not ours was thrown by a listener or a store: it is nobody's to retry.
          if (!TailError.is(reason)) throw reason
          const { attempt, delayMs } = retries.after(reason)
          this.#lost(reason)
          this.#events.emit('retry', { error: reason, attempt, delayMs })
          await sleep(clock, delayMs, signal)
          this.#reconnects++
        }
      }
    } catch (error) {
      if (this.#isClosed) return undefined
      failure = error
      throw error
    } finally {
      users?.removeEventListener('abort', abort)
      this.#letGo()
      this.#enter('ended')
      this.#events.emit('end', { error: failure })
    }
  }

  /** What one connection gives, until it is complete; throws what else ends it. */
  async *#connection(
    delivery: Delivery,
    whenFull: WhenFull,
    retries: Retries,
  ): AsyncGenerator<Delivered, undefined> {
    this.#enter('connecting')
    const session = await this.#open(delivery, whenFull, retries)
    const { columns } = session
    checkColumns(this.#expected ?? columns, columns, this.#since)
    this.#expected = columns
    this.#since = 'since the reconnect'
    this.#checkpoint.describe(columns)
    const decode = this.#decoder(columns)
    this.#enter('snapshot')
    this.#events.emit('connected', { columns, attempt: retries.attempt })
    // What a generator has in hands it may keep while it waits: a snapshot is only ever in those of `#next`.
    for (;;) {
      const batch = await this.#next(session, delivery)
      if (!batch) return undefined
      // Neither a login nor a snapshot that has not caught up ends the row of failures.
      retries.progressed()
      yield { batch, decode, handOver: () => this.#handOver(batch) }
    }
  }

  /** The next batch to yield; undefined once the stream is complete. */
  async #next(session: Session, delivery: Delivery): Promise<RawBatch | undefined> {
    const { signal } = this.#stop
    for (;;) {
      const raw = await session.next()
      signal.throwIfAborted()
      if (!raw) return undefined
      const batch = await inTurns(delivery.deliver(raw), eventLoopTurn)
      signal.throwIfAborted()
      if (batch) return batch
    }
  }

  #handOver(batch: RawBatch): void {
    if (this.#phase !== 'live') {
      this.#enter('live')
      this.#isStale = false
    }
    this.#frontier = batch.upper
    if (batch.kind === 'snapshot' || batch.kind === 'reconciled')
      this.#events.emit(batch.kind, { updates: rowsIn(batch), frontier: batch.upper })
  }

  /** Closes the connection, and keeps nothing of what it has brought. */
  #letGo(): void {
    this.#session?.destroy()
    this.#repeatedUpdates += this.#session?.repeatedUpdates ?? 0
    this.#session = undefined
  }

  #lost(error: TailError): void {
    this.#letGo()
    const wasLive = this.#phase === 'live'
    this.#enter('waiting')
    if (wasLive) this.#tellStale(error)
  }

  /** Called by the connection itself: a consumer that is busy comes for what it left, and for its error, later. */
  #lostAtOnce(reason: unknown, retries: Retries): void {
    if (this.#phase !== 'live' || this.#stop.signal.aborted) return
    if (!TailError.is(reason) || !retries.isRetried(reason)) return
    try {
      this.#tellStale(reason)
    } catch (error) {
      this.#stop.abort(error)
    }
  }

  #tellStale(error: TailError): void {
    if (this.#isStale) return
    this.#isStale = true
    this.#events.emit('stale', { error, frontier: this.#frontier })
  }

  #decoder(columns: readonly Column[]): RowDecoder {
    const { schema, onInvalidRow, columnNames } = this.#settings
    const named = columnNames === 'camelCase' ? inCamelCase(columns) : columns
    const decode = rowDecoder(named, this.#values)
    if (!schema) return decode
    return checkedDecoder(decode, schema, onInvalidRow, error => {
      this.#invalidRows++
      this.#events.emit('invalidRow', error)
    })
  }

  async #open(delivery: Delivery, whenFull: WhenFull, retries: Retries): Promise<Session> {
    const { frontier } = delivery
    const { snapshot, asOf, asOfAtLeast, clock } = this.#settings
    const session = await Session.open({
      ...this.#settings,
      whenFull,
      shape: this.#shape,
      signal: this.#stop.signal,
      target: await this.#target(),
      start: frontier === undefined ? { snapshot, asOf, asOfAtLeast } : { after: frontier },
      orSnapshot: delivery.canBeginAnew,
      onNotice: fields => this.#events.emit('notice', fields),
      onLost: reason => this.#lostAtOnce(reason, retries),
    })
    this.#session = session
    const sinceMs = clock.nowMs()
    delivery.connected(
      session.beginsWithSnapshot,
      () => session.generation !== 'tail' || clock.nowMs() - sinceMs >= catchUpWithinMs,
    )
    return session
  }

  #target(): ReturnType<typeof targetOf> {
    const { connection, clock, connectTimeoutMs } = this.#settings
    return within(targetOf(connection), this.#stop.signal, {
      clock,
      delayMs: connectTimeoutMs,
      error: () =>
        new TailError(
          'CONNECT_TIMEOUT',
          `The function given as connection did not answer within ${connectTimeoutMs} ms. Raise connectTimeoutMs if it is only slow.`,
          { retryable: true },
        ),
    })
  }

  #enter(phase: TailStatus['phase']): void {
    if (this.#phase === 'ended') return
    this.#phase = phase
    this.#sinceMs = this.#settings.clock.nowMs()
  }
}
