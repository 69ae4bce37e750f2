import { TailError, type TailErrorCode } from './errors.js'
import type { ServerFields } from './failures.js'
import { EnvelopeParser, envelopeColumnCount } from './rows/envelope.js'
import type { LineSink } from './rows/line.js'
import {
  copyStatement,
  generationOf,
  leadingColumns,
  type Shape,
  type Source,
  type Start,
  statement,
} from './sql/statement.js'
import { BatchBuilder, type Beginning, type RawBatch } from './stream/batches.js'
import { CopyDecoder, type Ending } from './stream/decoder.js'
import { checkKey } from './stream/keys.js'
import { BatchQueue } from './stream/queue.js'
import type { Clock } from './types/clock.js'
import type { Column, ConnectionOptions, Generation } from './types/connection.js'
import type { WhenFull } from './types/options.js'
import { Watchdog } from './watchdog.js'
import { ServerConnection } from './wire/connection.js'
import { query } from './wire/frontend.js'

export interface SessionOptions {
  readonly source: Source
  readonly target: string | ConnectionOptions
  readonly generation: Generation | 'auto'
  readonly start: Start
  readonly upTo: bigint | undefined
  /** Whether a new snapshot may stand for what came after `start.after`, where the server no longer has that history. */
  readonly orSnapshot: boolean
  /**
   * Whether AS OF is believed where the server speaks TAIL. A restarted v0.26 knows nothing of its former life and may take any AS OF,
   * whatever it has forgotten: without this its history counts as lost with every connection.
   */
  readonly trustTailHistory: boolean
  readonly clock: Clock
  readonly signal: AbortSignal
  readonly connectTimeoutMs: number
  readonly progressTimeoutMs: number
  readonly snapshotTimeoutMs: number | undefined
  readonly maxBufferedBytes: number
  readonly whenFull: WhenFull
  readonly stallTimeoutMs: number
  readonly maxBatchBytes: number
  readonly maxRowBytes: number
  readonly maxHeldRows: number
  /** Undefined: rows that go and rows that come, as the server sends them by default. */
  readonly shape: Shape | undefined
  /** For the hashes of rows: the same for all sessions of a tail. */
  readonly hashSeed: number
  /** What it throws ends the session. */
  readonly onNotice: (fields: ServerFields) => void
  /** Told once, at once: what came before may still wait to be taken. */
  readonly onLost: (reason: unknown) => void
}

/**
 * One connection's worth of a stream: connects, finds generation and columns, and gives closed batches until it ends.
 * No more than `maxBufferedBytes` wait to be taken, and what one read of the socket brings.
 */
export class Session {
  readonly #options: SessionOptions
  readonly #connection: ServerConnection
  readonly #queue: BatchQueue
  readonly #watchdog: Watchdog
  readonly #onAbort: () => void
  #deadline: { readonly clear: () => void } | undefined
  #decoder: CopyDecoder | undefined
  #builder: BatchBuilder | undefined
  /** While the socket is paused: closes the connection if that lasts. */
  #stall: { readonly clear: () => void } | undefined
  #isLive = false
  #generation: Generation = 'subscribe'
  #lostMs: number | undefined
  /** Rejects when the connection is lost. */
  readonly #lost: Promise<never>
  #reject: (reason: unknown) => void = () => {}
  #columns: readonly Column[] = []
  #start: Start

  private constructor(options: SessionOptions) {
    this.#options = options
    this.#start = options.start
    this.#connection = new ServerConnection(options.target, fields => this.#notice(fields))
    this.#queue = new BatchQueue()
    this.#lost = new Promise((_, reject) => {
      this.#reject = reject
    })
    this.#lost.catch(() => {})
    this.#watchdog = new Watchdog(options.clock, options.progressTimeoutMs, () =>
      this.#fail('PROGRESS_TIMEOUT', `Nothing was received for ${options.progressTimeoutMs} ms.`),
    )
    this.#onAbort = () => {
      this.#lose(options.signal.reason)
    }
  }

  /** Connects and begins to stream; resolves when the server has accepted the statement. */
  static async open(options: SessionOptions): Promise<Session> {
    options.signal.throwIfAborted()
    const session = new Session(options)
    options.signal.addEventListener('abort', session.#onAbort, { once: true })
    session.#limit(options.connectTimeoutMs, 'CONNECT_TIMEOUT', 'connectTimeoutMs')
    try {
      // Not every phase of a driver's login ends when its socket is destroyed: a password that is asked for, for one.
      await Promise.race([session.#open(), session.#lost])
      return session
    } catch (error) {
      session.destroy()
      options.signal.throwIfAborted()
      throw session.#queue.failure ?? error
    }
  }

  /** The relation's own columns. */
  get columns(): readonly Column[] {
    return this.#columns
  }

  get generation(): Generation {
    return this.#generation
  }

  /** When the connection was lost, by the clock; what came before may still wait to be taken. Undefined while it is there. */
  get lostMs(): number | undefined {
    return this.#lostMs
  }

  /** Whether the first batch is a snapshot. */
  get beginsWithSnapshot(): boolean {
    return 'snapshot' in this.#start && this.#start.snapshot
  }

  /** Whether the snapshot, if one was asked for, is complete. */
  get isLive(): boolean {
    return this.#isLive
  }

  /** Updates from before the frontier that the server sent again, and that were dropped. */
  get repeatedUpdates(): number {
    return this.#builder?.repeated ?? 0
  }

  /** Whether the socket is not read because too much waits. */
  get isPaused(): boolean {
    return this.#stall !== undefined
  }

  get bufferedBytes(): number {
    return this.#queue.bytes + (this.#decoder?.openBytes ?? 0)
  }

  /** The next closed batch; undefined once the stream is complete. Rejects with what ended it, after all batches before it. */
  async next(): Promise<RawBatch | undefined> {
    const batch = await this.#queue.take()
    if (this.#stall && this.#queue.bytes <= this.#options.maxBufferedBytes / 2) this.#resume()
    else if (this.#stall) this.#limitStall()
    return batch
  }

  /** Closes the socket at once; nothing is left running. A server that still streams is asked to stop, and not waited for. */
  destroy(): void {
    this.#options.signal.removeEventListener('abort', this.#onAbort)
    this.#deadline?.clear()
    this.#stall?.clear()
    this.#stall = undefined
    this.#watchdog.stop()
    if (this.#decoder && !this.#decoder.ending) this.#connection.abandon()
    else this.#connection.destroy()
  }

  async #open(): Promise<void> {
    const { source, generation: wanted, upTo, orSnapshot, trustTailHistory, shape } = this.#options
    await this.#connection.open()
    const generation = wanted === 'auto' ? generationOf(await this.#connection.version()) : wanted
    this.#generation = generation
    const described = await this.#connection.describe(statement(source, generation, { snapshot: true }, upTo))
    this.#columns = described.slice(leadingColumns)
    if (generation === 'tail' && 'after' in this.#start && !trustTailHistory) {
      if (!orSnapshot) throw untrusted(this.#start.after)
      this.#start = { snapshot: true }
    }
    const names = this.#columns.map(({ name }) => name)
    if (shape) checkKey<Record<string, unknown>>(shape.key, names)
    // What goes is known of rows that have come on this connection.
    if (shape?.kind === 'upsert' && 'after' in this.#start) this.#start = { snapshot: true }
    const columnCount = shape ? envelopeColumnCount(shape, names) : described.length
    const refused = await this.#stream(generation, columnCount)
    if (!refused) return
    // Who asked for a timestamp wants that one or the error, and not the contents of now.
    if (refused.code !== 'HISTORY_LOST' || !orSnapshot || !('after' in this.#start)) throw refused
    this.#start = { snapshot: true }
    const again = await this.#stream(generation, columnCount)
    if (again) throw again
  }

  /** Sends the statement; resolves once it streams, or with the server's refusal. */
  #stream(generation: Generation, columnCount: number): Promise<TailError | undefined> {
    const { source, maxBatchBytes, maxRowBytes, maxHeldRows, hashSeed, upTo, shape } = this.#options
    const onNotice = (fields: ServerFields): void => this.#notice(fields)
    const start = this.#start
    const builder = new BatchBuilder(generation, this.#beginning(), maxBatchBytes, hashSeed)
    const names = this.#columns.map(({ name }) => name)
    const parser = shape && ((sink: LineSink) => new EnvelopeParser(sink, shape, names, maxHeldRows))
    const decoder = new CopyDecoder(builder, { columnCount, maxRowBytes, upTo, onNotice, parser })
    this.#builder = builder
    this.#decoder = decoder
    return new Promise(resolve => {
      const settle = (ending: Ending | undefined): void => {
        if (!decoder.isStreaming) {
          if (ending) resolve(ending.kind === 'failed' ? ending.error : undefined)
          return
        }
        resolve(undefined)
        if (ending) this.#end(ending)
      }
      this.#connection.stream(query(copyStatement(source, generation, start, upTo, shape)), {
        data: chunk => {
          const wasStreaming = decoder.isStreaming
          this.#receive(decoder.push(chunk))
          if (!wasStreaming && decoder.isStreaming) this.#accepted()
          settle(decoder.ending)
        },
        closed: error => settle(decoder.closed(error)),
      })
    })
  }

  #beginning(): Beginning {
    if ('after' in this.#start) return this.#start
    if (!this.#start.snapshot) return 'no snapshot'
    const first = this.#options.start
    return 'after' in first ? { again: first.after } : 'snapshot'
  }

  /** From here on a server may hydrate in silence for minutes: until the snapshot is complete only its own limit applies. */
  #accepted(): void {
    this.#deadline?.clear()
    const { snapshotTimeoutMs } = this.#options
    if (!this.#isLive && snapshotTimeoutMs !== undefined)
      this.#limit(snapshotTimeoutMs, 'SNAPSHOT_TIMEOUT', 'snapshotTimeoutMs')
  }

  #receive(batches: readonly RawBatch[]): void {
    this.#watchdog.received()
    for (const batch of batches) this.#queue.put(batch)
    if (!this.#isLive && this.#builder?.hasCaughtUp && this.#decoder?.isStreaming) {
      this.#isLive = true
      this.#deadline?.clear()
      this.#watchdog.start()
    }
    if (!this.#stall && this.#queue.bytes > this.#options.maxBufferedBytes) this.#full()
  }

  #full(): void {
    const { whenFull, maxBufferedBytes } = this.#options
    if (whenFull === 'fail')
      return this.#fail(
        'BUFFER_OVERFLOW',
        `More than ${maxBufferedBytes} bytes of closed batches wait for the consumer. Raise maxBufferedBytes, or set whenFull to 'pause' or 'consolidate'.`,
      )
    // Merging costs as much as what waits: it must have freed half of it to be worth doing again soon.
    if (whenFull === 'consolidate') this.#queue.merge()
    if (this.#queue.bytes > maxBufferedBytes / 2) this.#pause()
  }

  #pause(): void {
    this.#connection.pause()
    this.#watchdog.stop()
    this.#limitStall()
  }

  /** From now: who takes batches, however slowly, does not stand still. */
  #limitStall(): void {
    const { clock, stallTimeoutMs } = this.#options
    this.#stall?.clear()
    this.#stall = clock.setTimer(
      () =>
        this.#fail(
          'CONSUMER_STALLED',
          `The socket was paused, and no batch was taken for ${stallTimeoutMs} ms.`,
        ),
      stallTimeoutMs,
    )
  }

  #resume(): void {
    this.#stall?.clear()
    this.#stall = undefined
    this.#connection.resume()
    if (this.#isLive) this.#watchdog.start()
  }

  #end(ending: Ending): void {
    if (ending.kind === 'failed') return this.#lose(ending.error)
    this.#queue.complete()
    this.destroy()
  }

  #lose(reason: unknown): void {
    const isKnown = this.#lostMs !== undefined
    this.#lostMs ??= this.#options.clock.nowMs()
    this.#queue.fail(reason)
    // What is streaming was opened, however soon it ends: its batches come first.
    if (!this.#decoder?.isStreaming) this.#reject(reason)
    this.destroy()
    if (!isKnown) this.#options.onLost(reason)
  }

  /** Called from within drivers and decoders, which would take an error of a listener for one of their own. */
  #notice(fields: ServerFields): void {
    try {
      this.#options.onNotice(fields)
    } catch (error) {
      this.#lose(error)
    }
  }

  #limit(delayMs: number, code: 'CONNECT_TIMEOUT' | 'SNAPSHOT_TIMEOUT', option: string): void {
    const what = code === 'CONNECT_TIMEOUT' ? 'No stream from' : 'No complete snapshot from'
    this.#deadline = this.#options.clock.setTimer(
      () =>
        this.#fail(
          code,
          `${what} ${this.#connection.where} within ${delayMs} ms. Raise ${option} if it is only slow.`,
        ),
      delayMs,
    )
  }

  #fail(code: TailErrorCode, sentence: string): void {
    this.#lose(new TailError(code, sentence, { retryable: code !== 'BUFFER_OVERFLOW' }))
  }
}

function untrusted(frontier: bigint): TailError {
  return new TailError(
    'HISTORY_LOST',
    `A server that speaks TAIL cannot be asked for what came after ${frontier}: if it was restarted in between, it takes any AS OF and leaves out what it has forgotten. Begin anew, or set onHistoryLost: 'refetch'; trustTailHistory: true takes the risk.`,
  )
}
