import { TailError, type TailErrorCode } from './errors.js'
import type { ServerFields } from './failures.js'
import { copyStatement, generationOf, type Source, type Start, statement } from './sql/statement.js'
import { BatchBuilder, type Beginning, type RawBatch } from './stream/batches.js'
import { CopyDecoder, type Ending } from './stream/decoder.js'
import { BatchQueue } from './stream/queue.js'
import type { Clock, Column, ConnectionOptions, Generation, WhenFull } from './types.js'
import { Watchdog } from './watchdog.js'
import { ServerConnection } from './wire/connection.js'
import { query } from './wire/frontend.js'

/** How many leading columns a stream WITH (PROGRESS) has: mz_timestamp, mz_progressed, mz_diff. */
const leadingColumns = 3

export interface SessionOptions {
  readonly source: Source
  readonly target: string | ConnectionOptions
  readonly generation: Generation | 'auto'
  readonly start: Start
  readonly upTo: bigint | undefined
  /**
   * Whether a new snapshot may stand for what came after `start.after`: where the server no longer has that history, and always where
   * it speaks TAIL. A restarted v0.26 knows nothing of its former life and may take any AS OF, whatever it has forgotten.
   */
  readonly orSnapshot: boolean
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
  /** For the hashes of rows: the same for all sessions of a tail. */
  readonly hashSeed: number
  readonly onNotice: (fields: ServerFields) => void
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
  #columns: readonly Column[] = []
  #start: Start

  private constructor(options: SessionOptions) {
    this.#options = options
    this.#start = options.start
    this.#connection = new ServerConnection(options.target, options.onNotice)
    this.#queue = new BatchQueue()
    this.#watchdog = new Watchdog(options.clock, options.progressTimeoutMs, () =>
      this.#fail('PROGRESS_TIMEOUT', `Nothing was received for ${options.progressTimeoutMs} ms.`),
    )
    this.#onAbort = () => {
      this.#queue.fail(options.signal.reason)
      this.destroy()
    }
  }

  /** Connects and begins to stream; resolves when the server has accepted the statement. */
  static async open(options: SessionOptions): Promise<Session> {
    options.signal.throwIfAborted()
    const session = new Session(options)
    options.signal.addEventListener('abort', session.#onAbort, { once: true })
    session.#limit(options.connectTimeoutMs, 'CONNECT_TIMEOUT', 'connectTimeoutMs')
    try {
      await session.#open()
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
    const { source, generation: wanted, upTo, orSnapshot } = this.#options
    await this.#connection.open()
    const generation = wanted === 'auto' ? generationOf(await this.#connection.version()) : wanted
    const described = await this.#connection.describe(statement(source, generation, { snapshot: true }, upTo))
    this.#columns = described.slice(leadingColumns)
    if (orSnapshot && generation === 'tail' && 'after' in this.#start) this.#start = { snapshot: true }
    const refused = await this.#stream(generation, described.length)
    if (!refused) return
    if (refused.code !== 'HISTORY_LOST' || !orSnapshot) throw refused
    this.#start = { snapshot: true }
    const again = await this.#stream(generation, described.length)
    if (again) throw again
  }

  /** Sends the statement; resolves once it streams, or with the server's refusal. */
  #stream(generation: Generation, columnCount: number): Promise<TailError | undefined> {
    const { source, maxBatchBytes, maxRowBytes, hashSeed, upTo, onNotice } = this.#options
    const start = this.#start
    const builder = new BatchBuilder(generation, this.#beginning(), maxBatchBytes, hashSeed)
    const decoder = new CopyDecoder(builder, { columnCount, maxRowBytes, upTo, onNotice })
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
      this.#connection.stream(query(copyStatement(source, generation, start, upTo)), {
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
    const { clock, stallTimeoutMs } = this.#options
    this.#connection.pause()
    this.#watchdog.stop()
    this.#stall = clock.setTimer(
      () => this.#fail('CONSUMER_STALLED', `The consumer took nothing for ${stallTimeoutMs} ms.`),
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
    if (ending.kind === 'complete') this.#queue.complete()
    else this.#queue.fail(ending.error)
    this.destroy()
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
    this.#queue.fail(new TailError(code, sentence, { retryable: code !== 'BUFFER_OVERFLOW' }))
    this.destroy()
  }
}
