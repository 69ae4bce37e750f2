import type { Span } from './run.js'
import { hashAt, isSameText, type Segment, segmentBytes } from './segment.js'

/** A slot is a place and the hash of what is there; place 0 is a free slot. */
const slotInts = 2
/** Records begin at multiples of 8, and only a segment with a single record is longer than `segmentBytes`. */
const placeBits = Math.log2(segmentBytes / 8)
const placeMask = 2 ** placeBits - 1

/**
 * Finds records by their text: an open-addressed table of places, with linear probing and deletion by shifting back. A place is the
 * index of a span in `spans`, which may grow, and where in its segment the record begins.
 */
export class RowTable {
  readonly #spans: readonly Span[]
  #slots = new Int32Array(16 * slotInts)
  #size = 0

  constructor(spans: readonly Span[]) {
    this.#spans = spans
  }

  get size(): number {
    return this.#size
  }

  /** The slot of the record with the same text, or the complement (`~slot`) of the one where it belongs. */
  find(segment: Segment, at: number): number {
    const slots = this.#slots
    const mask = slots.length - 1
    const hash = hashAt(segment, at)
    for (let slot = (hash * slotInts) & mask; ; slot = (slot + slotInts) & mask) {
      const place = slots[slot] ?? 0
      if (place === 0) return ~slot
      if (slots[slot + 1] === hash && isSameText(this.#segmentOf(place), atOf(place), segment, at))
        return slot
    }
  }

  segmentIn(slot: number): Segment {
    return this.#segmentOf(this.#slots[slot] ?? 0)
  }

  atIn(slot: number): number {
    return atOf(this.#slots[slot] ?? 0)
  }

  /** Puts a record that was not found at the slot that `find` gave, complemented back. */
  insert(slot: number, spanIndex: number, at: number, hash: number): void {
    this.#slots[slot] = ((spanIndex << placeBits) | (at >>> 3)) + 1
    this.#slots[slot + 1] = hash
    this.#size++
    if (this.#size * 2 * slotInts > this.#slots.length) this.#resize(this.#slots.length * 2)
  }

  /** Frees a slot; what had been displaced by it moves up. */
  delete(slot: number): void {
    const slots = this.#slots
    const mask = slots.length - 1
    let hole = slot
    for (let next = (hole + slotInts) & mask; slots[next] !== 0; next = (next + slotInts) & mask) {
      const home = ((slots[next + 1] ?? 0) * slotInts) & mask
      // It may move into the hole only if its home is not between the hole and where it is.
      if (((next - home) & mask) < ((next - hole) & mask)) continue
      slots[hole] = slots[next] ?? 0
      slots[hole + 1] = slots[next + 1] ?? 0
      hole = next
    }
    slots[hole] = 0
    this.#size--
  }

  /** Makes room for so many records at once. */
  reserve(records: number): void {
    let length = this.#slots.length
    while (records * 2 * slotInts > length) length *= 2
    if (length > this.#slots.length) this.#resize(length)
  }

  #resize(length: number): void {
    const before = this.#slots
    const slots = new Int32Array(length)
    const mask = length - 1
    for (let from = 0; from < before.length; from += slotInts) {
      const place = before[from] ?? 0
      if (place === 0) continue
      const hash = before[from + 1] ?? 0
      let slot = (hash * slotInts) & mask
      while (slots[slot] !== 0) slot = (slot + slotInts) & mask
      slots[slot] = place
      slots[slot + 1] = hash
    }
    this.#slots = slots
  }

  #segmentOf(place: number): Segment {
    const span = this.#spans[(place - 1) >>> placeBits]
    if (span === undefined) throw new RangeError(`No span at place ${place}.`)
    return span.segment
  }
}

function atOf(place: number): number {
  return ((place - 1) & placeMask) << 3
}
