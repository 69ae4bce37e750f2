import { TailError } from '../errors.js'

/**
 * Told of each line: where it lies in `bytes`, without its line feed; `view` is of the same bytes. False, and nothing done, if it is
 * several lines after all.
 */
export type OnLine = (bytes: Buffer, view: DataView, from: number, to: number) => boolean

export const lineFeed = 0x0a

/**
 * Cuts COPY text into lines. A raw line feed ends a row and nothing else: inside values it is escaped
 * (https://www.postgresql.org/docs/current/sql-copy.html#SQL-COPY-FILE-FORMATS). Lines may be cut anywhere.
 */
export class LineReader {
  readonly #onLine: OnLine
  readonly #maxLineBytes: number
  /** A line that has begun; its parts are joined once it is complete. */
  #parts: Buffer[] = []
  #partBytes = 0

  /** A line longer than `maxLineBytes` that comes in parts is refused with `ROW_TOO_LARGE`. */
  constructor(onLine: OnLine, maxLineBytes: number) {
    this.#onLine = onLine
    this.#maxLineBytes = maxLineBytes
  }

  /** Bytes that wait for the rest of their line. */
  get pendingBytes(): number {
    return this.#partBytes
  }

  /**
   * The body of a CopyData message, which is one line in all that servers are known to send, though the protocol lets them pack
   * several or split one: it is taken for one first, and cut only if it was not.
   */
  message(bytes: Buffer, view: DataView, start: number, end: number): void {
    const isLine = this.#parts.length === 0 && bytes[end - 1] === lineFeed && end > start
    if (!isLine || !this.#onLine(bytes, view, start, end - 1)) this.push(bytes, view, start, end)
  }

  push(bytes: Buffer, view: DataView, start: number, end: number): void {
    let from = start
    while (from < end) {
      const stop = bytes.indexOf(lineFeed, from)
      if (stop < 0 || stop >= end) {
        // A copy: the bytes are the reader's, who may use them again.
        this.#keep(Buffer.from(bytes.subarray(from, end)))
        return
      }
      if (this.#parts.length > 0) {
        this.#keep(bytes.subarray(from, stop))
        const line = Buffer.concat(this.#parts)
        this.#parts = []
        this.#partBytes = 0
        this.#onLine(line, viewOf(line), 0, line.length)
      } else this.#onLine(bytes, view, from, stop)
      from = stop + 1
    }
  }

  /** Whether a line has begun and not ended. */
  get isInsideLine(): boolean {
    return this.#parts.length > 0
  }

  #keep(part: Buffer): void {
    this.#parts.push(part)
    this.#partBytes += part.length
    if (this.#partBytes > this.#maxLineBytes)
      throw new TailError(
        'ROW_TOO_LARGE',
        `A row is longer than ${this.#maxLineBytes} bytes. Raise maxRowBytes if such rows are meant to be.`,
      )
  }
}

export function viewOf({ buffer, byteOffset, byteLength }: Uint8Array): DataView {
  return new DataView(buffer, byteOffset, byteLength)
}
