import { TailError } from '../errors.js'
import {
  copyRecord,
  escapedFlag,
  headerBytes,
  newSegment,
  nextAt,
  recordBytes,
  type Segment,
  segmentBytes,
  wideFlag,
} from './segment.js'

/** A JavaScript string is not longer than this. */
const maxTextBytes = 0x1fff_ffe8
const backslash = 0x5c
const backslashes = 0x5c5c_5c5c
const lineFeeds = 0x0a0a_0a0a
const ones = 0x0101_0101
const highBits = 0x8080_8080

const none = newSegment(0)

/** Writes records one after the other. Where the last one went is in `segment` and `at`, until the next. */
export class RowLog {
  /** Odd, and nobody outside knows it: rows that collide cannot be made on purpose. */
  readonly #multiplier: number
  #segment: Segment = none
  #end = 0
  #at = 0

  /** Equal texts have equal hashes in all logs of one `seed`, an integer; what only copies needs none. */
  constructor(seed = 0) {
    this.#multiplier = (seed ^ 0x9e37_79b1) | 1
  }

  get segment(): Segment {
    return this.#segment
  }

  get at(): number {
    return this.#at
  }

  /** Appends the text in `source` from `from` up to `to`, which is the row's own columns; false, and nothing appended, if a line feed is in it. */
  append(source: Buffer, view: DataView, from: number, to: number, diff: number): boolean {
    const length = to - from
    if (length > maxTextBytes)
      throw new TailError('ROW_TOO_LARGE', `A row of ${length} bytes does not fit into a string.`)
    const segment = this.#reserve(recordBytes(length))
    const { ints, floats, view: target } = segment
    let write = this.#at + headerBytes
    let read = from
    const multiplier = this.#multiplier
    let hash = multiplier
    let high = 0
    let escaped = 0
    let lines = 0
    for (const last = to - 3; read < last; read += 4, write += 4) {
      const word = view.getInt32(read, true)
      target.setInt32(write, word, true)
      high |= word
      const slash = word ^ backslashes
      escaped |= (slash - ones) & ~slash
      const line = word ^ lineFeeds
      lines |= (line - ones) & ~line
      hash = Math.imul(hash ^ word, multiplier)
      hash ^= hash >>> 15
    }
    if (read < to) {
      let word = 0
      for (let shift = 0; read < to; read++, shift += 8) {
        const byte = source[read] ?? 0
        if (byte === backslash) escaped = highBits
        if (byte === 0x0a) lines = highBits
        word |= byte << shift
      }
      target.setInt32(write, word, true)
      high |= word
      hash = Math.imul(hash ^ word, multiplier)
      hash ^= hash >>> 15
    }
    if ((lines & highBits) !== 0) {
      this.#end = this.#at
      return false
    }
    hash = Math.imul(hash ^ length, 0x85eb_ca6b)
    hash ^= hash >>> 13
    const flags = ((high & highBits) !== 0 ? wideFlag : 0) | ((escaped & highBits) !== 0 ? escapedFlag : 0)
    ints[this.#at >>> 2] = (length << 2) | flags
    ints[(this.#at >>> 2) + 1] = hash
    floats[(this.#at >>> 3) + 1] = diff
    return true
  }

  /** Appends the row of another log's record. */
  copy(from: Segment, fromAt: number, diff: number): void {
    const to = this.#reserve(nextAt(from, fromAt) - fromAt)
    copyRecord(from, fromAt, to, this.#at, diff)
  }

  #reserve(bytes: number): Segment {
    if (this.#end + bytes > this.#segment.bytes.length) {
      this.#segment = newSegment(Math.max(bytes, segmentBytes))
      this.#end = 0
    }
    this.#at = this.#end
    this.#end += bytes
    return this.#segment
  }
}
