/** What is told of each line: its text without the line feed. */
export type OnLine = (line: string) => void

const lineFeed = 0x0a
const highBytes = /[\u0080-\u00ff]/

/**
 * Cuts the bytes of CopyData messages into lines of COPY text. A raw line feed ends a row and nothing else: inside values it is
 * escaped (https://www.postgresql.org/docs/current/sql-copy.html#SQL-COPY-FILE-FORMATS). Servers send one row a message, but
 * may pack several or split one, so that nothing is assumed of the boundaries.
 *
 * `text` is the chunk as latin1, one char a byte, made once per chunk: a line is a slice of it, and only a line with bytes
 * beyond ASCII is decoded again, as UTF-8.
 */
export class LineReader {
  #rest: Buffer | undefined

  push(text: string, bytes: Buffer, start: number, end: number, onLine: OnLine): void {
    let from = start
    if (this.#rest) {
      const stop = bytes.indexOf(lineFeed, start)
      if (stop < 0 || stop >= end) {
        this.#rest = Buffer.concat([this.#rest, bytes.subarray(start, end)])
        return
      }
      onLine(Buffer.concat([this.#rest, bytes.subarray(start, stop)]).toString())
      this.#rest = undefined
      from = stop + 1
    }
    while (from < end) {
      const stop = text.indexOf('\n', from)
      if (stop < 0 || stop >= end) {
        this.#rest = Buffer.from(bytes.subarray(from, end))
        return
      }
      const line = text.slice(from, stop)
      onLine(highBytes.test(line) ? bytes.toString('utf8', from, stop) : line)
      from = stop + 1
    }
  }

  /** Whether a line has begun and not ended. */
  get isInsideLine(): boolean {
    return this.#rest !== undefined
  }
}
