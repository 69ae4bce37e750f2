import { lineFeed } from '../copy/lines.js'
import { excerpt, TailError } from '../errors.js'
import { letterF, letterT, minus, nine, tab, zero } from './ascii.js'

/** Where the lines of a stream go once their leading columns are understood. */
export interface LineSink {
  /** The row's own columns, as COPY text, lie in `bytes`; false if there is a line feed among them. */
  readonly update: (
    timestamp: bigint,
    diff: number,
    bytes: Buffer,
    view: DataView,
    from: number,
    to: number,
  ) => boolean
  readonly progress: (timestamp: bigint) => void
}

/** Most digits of a 64-bit timestamp. */
const maxDigits = 20

/**
 * Reads the leading columns of a line of TAIL or SUBSCRIBE WITH (PROGRESS): `mz_timestamp`, `mz_progressed`, `mz_diff`
 * (https://materialize.com/docs/sql/subscribe/#output). Progress is told by `mz_progressed`, never by NULLs.
 */
export class LineParser {
  readonly #sink: LineSink
  /** Lines of one timestamp follow each other: its digits, with the tab, are compared as bytes and converted once. */
  #prefix: Uint8Array = new Uint8Array(0)
  #timestamp = 0n

  constructor(sink: LineSink) {
    this.#sink = sink
  }

  /** Throws `PROTOCOL` for what is no such line; false if it is several lines, of which none was taken. */
  parse(bytes: Buffer, view: DataView, from: number, to: number): boolean {
    if (!this.#isSameTimestamp(bytes, from, to) && !this.#readTimestamp(bytes, from, to))
      return severalOrMalformed(bytes, from, to)
    const at = from + this.#prefix.length
    const progressed = bytes[at]
    if (at + 1 >= to || bytes[at + 1] !== tab) return severalOrMalformed(bytes, from, to)
    if (progressed === letterT) {
      if (hasLineFeed(bytes, at, to)) return false
      this.#sink.progress(this.#timestamp)
      return true
    }
    let stop = at + 2
    while (stop < to && bytes[stop] !== tab) stop++
    const diff = integer(bytes, at + 2, stop)
    if (progressed !== letterF || diff === 0 || !Number.isSafeInteger(diff))
      return severalOrMalformed(bytes, from, to)
    // A relation without columns: the line ends with the diff.
    return this.#sink.update(this.#timestamp, diff, bytes, view, Math.min(stop + 1, to), to)
  }

  #isSameTimestamp(bytes: Buffer, from: number, to: number): boolean {
    const prefix = this.#prefix
    const length = prefix.length
    if (length === 0 || to - from < length) return false
    // The last digits are the ones that change.
    for (let i = length - 1; i >= 0; i--) if (bytes[from + i] !== prefix[i]) return false
    return true
  }

  #readTimestamp(bytes: Buffer, from: number, to: number): boolean {
    let at = from
    while (at < to && isDigit(bytes[at])) at++
    const digits = at - from
    if (digits === 0 || digits > maxDigits || bytes[at] !== tab || at >= to) return false
    this.#timestamp =
      digits <= 15 ? BigInt(integer(bytes, from, at)) : BigInt(bytes.toString('latin1', from, at))
    this.#prefix = Uint8Array.prototype.slice.call(bytes, from, at + 1)
    return true
  }
}

/** Digits, with a sign perhaps, to a number; NaN for anything else. */
function integer(bytes: Buffer, from: number, to: number): number {
  const isNegative = bytes[from] === minus
  const first = isNegative ? from + 1 : from
  if (first >= to) return Number.NaN
  let value = 0
  for (let at = first; at < to; at++) {
    const digit = bytes[at]
    if (!isDigit(digit)) return Number.NaN
    value = value * 10 + (digit - zero)
  }
  return isNegative ? -value : value
}

function isDigit(byte: number | undefined): byte is number {
  return byte !== undefined && byte >= zero && byte <= nine
}

function hasLineFeed(bytes: Buffer, from: number, to: number): boolean {
  for (let at = from; at < to; at++) if (bytes[at] === lineFeed) return true
  return false
}

function severalOrMalformed(bytes: Buffer, from: number, to: number): false {
  if (hasLineFeed(bytes, from, to)) return false
  const line = bytes.toString('utf8', from, to)
  throw new TailError(
    'PROTOCOL',
    `A line does not begin with mz_timestamp, mz_progressed and mz_diff: ${JSON.stringify(excerpt(line))}. Is the server a Materialize?`,
  )
}
