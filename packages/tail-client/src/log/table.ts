import type { Span } from './run.js'
import { hashAt, isSameText, type Segment, segmentBytes } from './segment.js'

/** A slot is a place, plus 1, and the hash of what is there; 0 is a free slot. */
const slotInts = 2
/** Records begin at multiples of 8, and only a segment with a single record is longer than `segmentBytes`. */
const placeBits = Math.log2(segmentBytes / 8)
const placeMask = 2 ** placeBits - 1

/** Where a record is, as one integer: the index of a span, and the offset in its segment. */
export function placeOf(spanIndex: number, at: number): number {
  return (spanIndex << placeBits) | (at >>> 3)
}

export function spanIndexOf(place: number): number {
  return place >>> placeBits
}

export function offsetOf(place: number): number {
  return (place & placeMask) << 3
}

/**
 * Finds records by their text: an open-addressed table of places, with linear probing and deletion by shifting back. The
 * places are in `spans`, which may grow.
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
      if (slots[slot] === 0) return ~slot
      if (slots[slot + 1] === hash && isSameText(this.segmentIn(slot), this.atIn(slot), segment, at))
        return slot
    }
  }

  segmentIn(slot: number): Segment {
    const place = this.#placeIn(slot)
    const span = this.#spans[spanIndexOf(place)]
    if (span === undefined) throw new RangeError(`No span at place ${place}.`)
    return span.segment
  }

  atIn(slot: number): number {
    return offsetOf(this.#placeIn(slot))
  }

  /** Puts the place of a record that was not found into the slot that `find` gave, complemented back. */
  insert(slot: number, place: number, hash: number): void {
    this.#slots[slot] = place + 1
    this.#slots[slot + 1] = hash
    this.#size++
    if (this.#size * 2 * slotInts > this.#slots.length) this.#resize(this.#slots.length * 2)
  }

  /** Frees a slot, and gives the place that was in it; what had been displaced by it moves up. */
  delete(slot: number): number {
    const place = this.#placeIn(slot)
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
    return place
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

  #placeIn(slot: number): number {
    return (this.#slots[slot] ?? 0) - 1
  }
}
