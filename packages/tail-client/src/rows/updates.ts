import { isUtf8 } from 'node:buffer'
import { excerpt, TailError } from '../errors.js'
import type { Run, Span } from '../log/run.js'
import { diffAt, headerBytes, isEscapedAt, isWideAt, nextAt, textBytesAt } from '../log/segment.js'
import type { UnknownRow, Update } from '../types/update.js'
import type { RowDecoder, RowTexts } from './row.js'

/** What a decoder gives for a row that is to be left out. */
export const skippedRow: UnknownRow = Object.freeze({})

/**
 * The updates of runs, decoded. Texts are parts of one string per span, which is no longer than a segment, so that a row that is
 * kept keeps little else. Throws `DECODE` or `SCHEMA_MISMATCH` for a row that does not fit the columns.
 */
export function updatesOf<Row>(runs: readonly Run[], decode: RowDecoder): readonly Update<Row>[] {
  const updates: Update<Row>[] = []
  for (const { timestamp, spans } of runs)
    for (const span of spans) decodeSpan(span, timestamp, decode, updates)
  return updates
}

/** The same in portions of at least `minRows`, the last one excepted; one, perhaps empty, at least. */
export function* portionsOf<Row>(
  runs: readonly Run[],
  decode: RowDecoder,
  minRows: number,
): Generator<readonly Update<Row>[]> {
  let portion: Update<Row>[] = []
  for (const { timestamp, spans } of runs)
    for (const span of spans) {
      if (portion.length >= minRows) {
        yield portion
        portion = []
      }
      decodeSpan(span, timestamp, decode, portion)
    }
  yield portion
}

function decodeSpan<Row>(
  { segment, from, to }: Span,
  timestamp: bigint,
  decode: RowDecoder,
  updates: Update<Row>[],
): void {
  const { bytes } = segment
  const texts: RowTexts = { bytes, latin1: bytes.toString('latin1', from, to), base: from }
  for (let at = from; at < to; at = nextAt(segment, at)) {
    const start = at + headerBytes
    const end = start + textBytesAt(segment, at)
    const isWide = isWideAt(segment, at)
    if (isWide && !isUtf8(bytes.subarray(start, end))) throw notUtf8(bytes.toString('latin1', start, end))
    const raw = isWide ? bytes.toString('utf8', start, end) : texts.latin1.slice(start - from, end - from)
    const row = decode(texts, start, end, isWide, isEscapedAt(segment, at))
    if (row !== skippedRow) updates.push({ row: row as Row, timestamp, diff: diffAt(segment, at), raw })
  }
}

function notUtf8(text: string): TailError {
  return new TailError('DECODE', `A row is not UTF-8: ${JSON.stringify(excerpt(text))} (as latin1).`)
}
