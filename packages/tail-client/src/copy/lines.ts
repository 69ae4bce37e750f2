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
  #rest: Buffer | undefined

  /** `maxLineBytes`: of a line that comes in pieces, where nothing else bounds it; `ROW_TOO_LARGE`. */
  constructor(onLine: OnLine, maxLineBytes: number = Number.POSITIVE_INFINITY) {
    this.#onLine = onLine
    this.#maxLineBytes = maxLineBytes
  }

  /**
   * The body of a CopyData message, which is one line in all that servers are known to send, though the protocol lets them pack
   * several or split one: it is taken for one first, and cut only if it was not.
   */
  message(bytes: Buffer, view: DataView, start: number, end: number): void {
    const isLine = this.#rest === undefined && bytes[end - 1] === lineFeed && end > start
    if (!isLine || !this.#onLine(bytes, view, start, end - 1)) this.push(bytes, view, start, end)
  }

  push(bytes: Buffer, view: DataView, start: number, end: number): void {
    let from = start
    while (from < end) {
      const stop = bytes.indexOf(lineFeed, from)
      if (stop < 0 || stop >= end) {
        const part = bytes.subarray(from, end)
        this.#rest = this.#rest ? Buffer.concat([this.#rest, part]) : Buffer.from(part)
        if (this.#rest.length > this.#maxLineBytes)
          throw new TailError(
            'ROW_TOO_LARGE',
            `A row has more than ${this.#maxLineBytes} bytes. Raise maxRowBytes, or tail less.`,
          )
        return
      }
      if (this.#rest) {
        const line = Buffer.concat([this.#rest, bytes.subarray(from, stop)])
        this.#rest = undefined
        this.#onLine(line, viewOf(line), 0, line.length)
      } else this.#onLine(bytes, view, from, stop)
      from = stop + 1
    }
  }

  /** Whether a line has begun and not ended. */
  get isInsideLine(): boolean {
    return this.#rest !== undefined
  }
}

export function viewOf({ buffer, byteOffset, byteLength }: Uint8Array): DataView {
  return new DataView(buffer, byteOffset, byteLength)
}
