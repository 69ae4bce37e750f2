import { LineReader, type OnLine, viewOf } from '../copy/lines.js'
import { TailError } from '../errors.js'
import { fromServer, type ServerFields } from '../failures.js'
import { LineParser, type LineSink } from '../rows/line.js'
import { backend, commandCount, copyColumnCount, serverFields } from '../wire/backend.js'
import { FrameReader } from '../wire/frames.js'
import type { BatchBuilder, RawBatch } from './batches.js'
import { endOfTime } from './batches.js'

/** How a stream is over: cleanly, because nothing can change any more, or with the error to report. */
export type Ending = { readonly kind: 'complete' } | { readonly kind: 'failed'; readonly error: TailError }

export interface DecoderOptions {
  /** How many columns the stream must have, the leading three included. */
  readonly columnCount: number
  readonly maxRowBytes: number
  /** A clean end is due here; undefined: only when nothing can change any more. */
  readonly upTo?: bigint | undefined
  readonly onNotice: (fields: ServerFields) => void
  /** Reads lines of another shape than those of a stream without an envelope. */
  readonly parser?: ((sink: LineSink) => { readonly parse: OnLine }) | undefined
}

/**
 * From the bytes of a `COPY (TAIL | SUBSCRIBE …) TO STDOUT` to closed batches, and how it ends. Chunks may end anywhere.
 * Batches that were complete before an error, even in the same chunk, are given before it; an open timestamp never is.
 */
export class CopyDecoder {
  readonly #options: DecoderOptions
  readonly #builder: BatchBuilder
  readonly #frames: FrameReader
  readonly #lines: LineReader
  #closed: RawBatch[] = []
  #lineCount = 0
  #latest = 0n
  #ending: Ending | undefined
  #count: number | undefined
  #isCopyDone = false
  #failure: TailError | undefined
  /** Whether the statement was accepted: CopyOutResponse has come. */
  isStreaming = false

  constructor(builder: BatchBuilder, options: DecoderOptions) {
    this.#builder = builder
    this.#options = options
    this.#frames = new FrameReader(options.maxRowBytes)
    const { upTo } = options
    const sink: LineSink = {
      update: (timestamp, diff, bytes, view, from, to) => {
        this.#latest = timestamp
        return builder.update(timestamp, diff, bytes, view, from, to)
      },
      progress: timestamp => {
        this.#latest = timestamp
        // The last progress may be beyond UP TO, of which nothing was sent: who goes on after it would miss that.
        const upper = upTo !== undefined && timestamp > upTo ? upTo : timestamp
        for (const batch of builder.progress(upper)) this.#closed.push(batch)
      },
    }
    const parser = options.parser?.(sink) ?? new LineParser(sink)
    this.#lines = new LineReader((bytes, view, from, to) => {
      const isOne = parser.parse(bytes, view, from, to)
      if (isOne) this.#lineCount++
      return isOne
    }, options.maxRowBytes)
  }

  /** How the stream ended, once ReadyForQuery has come or a message could not be understood. */
  get ending(): Ending | undefined {
    return this.#ending
  }

  /** Bytes that are held and not yet in a closed batch. */
  get openBytes(): number {
    return this.#builder.openBytes + this.#frames.pendingBytes + this.#lines.pendingBytes
  }

  push(chunk: Buffer): readonly RawBatch[] {
    if (this.#ending) return []
    try {
      let viewed = chunk
      let view = viewOf(chunk)
      this.#frames.push(chunk, (type, bytes, start, end) => {
        if (type !== backend.copyData) return this.#control(type, bytes, start, end)
        if (bytes !== viewed) {
          viewed = bytes
          view = viewOf(bytes)
        }
        this.#lines.message(bytes, view, start, end)
      })
    } catch (error) {
      this.#ending = { kind: 'failed', error: TailError.is(error) ? error : unreadable(error) }
    }
    const closed = this.#closed
    this.#closed = []
    return closed
  }

  /** The socket closed, with or without an error of its own: what that means for the stream. */
  closed(error: TailError | undefined): Ending {
    const lost = new TailError('CONNECTION_LOST', 'The server closed the connection.', { retryable: true })
    this.#ending ??= { kind: 'failed', error: this.#failure ?? error ?? lost }
    return this.#ending
  }

  #control(type: number, bytes: Buffer, start: number, end: number): void {
    switch (type) {
      case backend.copyOut: {
        const count = copyColumnCount(bytes, start)
        if (count !== this.#options.columnCount)
          throw new TailError(
            'SCHEMA_MISMATCH',
            `The stream has ${count} columns, the description ${this.#options.columnCount}. The relation was replaced in between.`,
            { retryable: true },
          )
        this.isStreaming = true
        return
      }
      case backend.copyDone:
        this.#isCopyDone = true
        return
      case backend.commandComplete:
        this.#count = commandCount(bytes, start, end)
        return
      case backend.error:
        // What follows up to ReadyForQuery belongs to the error; a FATAL one is followed by nothing.
        this.#failure = fromServer(serverFields(bytes, start, end))
        return
      case backend.notice:
        return this.#options.onNotice(serverFields(bytes, start, end))
      case backend.parameterStatus:
      case backend.notification:
        return
      case backend.readyForQuery:
        this.#ending = this.#failure ? { kind: 'failed', error: this.#failure } : this.#cleanEnd()
        return
      default:
        throw new TailError(
          'PROTOCOL',
          `A message of type ${JSON.stringify(String.fromCharCode(type))} has no place in a COPY.`,
        )
    }
  }

  /**
   * A clean end is an end only if nothing can come any more: constant views end at the last timestamp there is. An old server
   * also ends cleanly when what it tails goes away, which a reconnect must find out.
   */
  #cleanEnd(): Ending {
    if (!this.#isCopyDone || this.#lines.isInsideLine)
      return failed('UNEXPECTED_END', 'The stream ended in the middle of a row or without CopyDone.')
    if (this.#count !== this.#lineCount)
      return failed(
        'COUNT_MISMATCH',
        `The server says it sent ${this.#count} rows, ${this.#lineCount} have come.`,
      )
    const { upTo } = this.#options
    // Without a line it can be a constant view without rows, but not for who has a frontier: that would have been the end of it.
    const canChange = this.#lineCount > 0 ? this.#latest < endOfTime : this.#builder.goesOn
    if (upTo === undefined && canChange)
      return failed(
        'UNEXPECTED_END',
        `The server ended the stream ${this.#lineCount > 0 ? `at timestamp ${this.#latest}` : 'before anything came'}. Was the relation dropped, or is its source at an end?`,
      )
    if (upTo !== undefined && !this.#builder.knowsBefore(upTo))
      return failed(
        'UNEXPECTED_END',
        `The server began no earlier than upTo, ${upTo}, so that it told no contents. Choose a later one.`,
      )
    this.#closed.push(...this.#builder.end(upTo))
    return { kind: 'complete' }
  }
}

function failed(code: 'UNEXPECTED_END' | 'COUNT_MISMATCH', sentence: string): Ending {
  return { kind: 'failed', error: new TailError(code, sentence, { retryable: true }) }
}

function unreadable(cause: unknown): TailError {
  return new TailError('PROTOCOL', 'A message of the server could not be read.', { cause })
}
