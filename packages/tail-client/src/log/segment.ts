/**
 * Rows wait for their timestamp to close, and are held for a reconcile, as bytes outside of the JavaScript heap: a million of them
 * costs the garbage collector nothing.
 *
 * A segment is a stretch of records. A record is a row's text behind a header, and begins at a multiple of 8:
 *
 *     Int32 length of the text, times 4, plus flags | Int32 hash of the text | Float64 diff | the text, filled up with zeros
 */
export interface Segment {
  readonly bytes: Buffer
  readonly view: DataView
  readonly ints: Int32Array
  readonly floats: Float64Array
}

export const headerBytes = 16

/** A segment is so long, unless a single row is longer. */
export const segmentBytes = 65_536

export const wideFlag = 1
export const escapedFlag = 2

export function newSegment(bytes: number): Segment {
  const buffer = Buffer.allocUnsafeSlow(bytes)
  return {
    bytes: buffer,
    view: new DataView(buffer.buffer),
    ints: new Int32Array(buffer.buffer),
    floats: new Float64Array(buffer.buffer),
  }
}

/** How many bytes a record with so long a text takes. */
export function recordBytes(textBytes: number): number {
  return (headerBytes + textBytes + 7) & ~7
}

/** Where the record after this one begins. */
export function nextAt(segment: Segment, at: number): number {
  return at + recordBytes(textBytesAt(segment, at))
}

export function textBytesAt({ ints }: Segment, at: number): number {
  return (ints[at >>> 2] ?? 0) >>> 2
}

/** Whether the text has bytes beyond ASCII: it is UTF-8. */
export function isWideAt({ ints }: Segment, at: number): boolean {
  return ((ints[at >>> 2] ?? 0) & wideFlag) !== 0
}

/** Whether the text has a backslash: an escape, or a NULL. */
export function isEscapedAt({ ints }: Segment, at: number): boolean {
  return ((ints[at >>> 2] ?? 0) & escapedFlag) !== 0
}

export function hashAt({ ints }: Segment, at: number): number {
  return ints[(at >>> 2) + 1] ?? 0
}

export function diffAt({ floats }: Segment, at: number): number {
  const diff = floats[(at >>> 3) + 1] ?? 0
  // As a small integer, where it is one, it needs no object of its own.
  return diff === (diff | 0) ? diff | 0 : diff
}

export function setDiffAt({ floats }: Segment, at: number, diff: number): void {
  floats[(at >>> 3) + 1] = diff
}

/** Whether two records hold the same text. */
export function isSameText(a: Segment, aAt: number, b: Segment, bAt: number): boolean {
  const aInts = a.ints
  const bInts = b.ints
  let i = aAt >>> 2
  let j = bAt >>> 2
  // The flags follow from the text: words that differ in them differ anyway.
  if (aInts[i] !== bInts[j] || aInts[i + 1] !== bInts[j + 1]) return false
  const words = (((aInts[i] ?? 0) >>> 2) + 3) >>> 2
  i += headerBytes >>> 2
  j += headerBytes >>> 2
  for (const end = i + words; i < end; i++, j++) if (aInts[i] !== bInts[j]) return false
  return true
}

/** Writes a record over the place of another that takes as many bytes, or into free space, with a diff of its own. */
export function copyRecord(from: Segment, fromAt: number, to: Segment, toAt: number, diff: number): void {
  const source = from.ints
  const target = to.ints
  let write = toAt >>> 2
  for (let read = fromAt >>> 2, end = nextAt(from, fromAt) >>> 2; read < end; read++, write++)
    target[write] = source[read] ?? 0
  setDiffAt(to, toAt, diff)
}
