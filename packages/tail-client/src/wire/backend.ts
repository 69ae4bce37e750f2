import { TailError } from '../errors.js'
import type { ServerFields } from '../failures.js'
import type { Column } from '../types/connection.js'

/**
 * The backend messages that a COPY OUT can meet, by their letter's char code
 * (https://www.postgresql.org/docs/current/protocol-message-formats.html).
 */
export const backend = {
  copyData: 0x64,
  copyDone: 0x63,
  copyOut: 0x48,
  commandComplete: 0x43,
  error: 0x45,
  notice: 0x4e,
  parameterStatus: 0x53,
  readyForQuery: 0x5a,
  rowDescription: 0x54,
  dataRow: 0x44,
  noData: 0x6e,
  parseComplete: 0x31,
  closeComplete: 0x33,
  parameterDescription: 0x74,
  notification: 0x41,
} as const

/** Fields of an ErrorResponse or NoticeResponse: Int8 code and a string each, ended by a zero. */
export function serverFields(bytes: Buffer, start: number, end: number): ServerFields {
  const fields = new Map<string, string>()
  let at = start
  while (at < end && bytes[at] !== 0) {
    const code = String.fromCharCode(bytes[at] ?? 0)
    const stop = terminator(bytes, at + 1, end)
    fields.set(code, bytes.toString('utf8', at + 1, stop))
    at = stop + 1
  }
  const [detail, hint, position] = [fields.get('D'), fields.get('H'), fields.get('P')]
  return {
    severity: fields.get('S') ?? 'ERROR',
    sqlState: fields.get('C') ?? 'XX000',
    message: fields.get('M') ?? 'no message',
    ...(detail === undefined ? {} : { detail }),
    ...(hint === undefined ? {} : { hint }),
    ...(position === undefined ? {} : { position: Number(position) }),
  }
}

/** Columns of a RowDescription: Int16 count, then name, Int32 table, Int16 attribute, Int32 type OID, Int16, Int32, Int16. */
export function rowDescription(bytes: Buffer, start: number, end: number): readonly Column[] {
  const columns: Column[] = []
  const count = bytes.readUInt16BE(start)
  let at = start + 2
  for (let i = 0; i < count; i++) {
    const stop = terminator(bytes, at, end)
    columns.push({ name: bytes.toString('utf8', at, stop), oid: bytes.readUInt32BE(stop + 7) })
    at = stop + 19
  }
  return columns
}

/** The first value of a DataRow as text; undefined for NULL or no columns. */
export function firstValue(bytes: Buffer, start: number): string | undefined {
  if (bytes.readUInt16BE(start) === 0) return undefined
  const length = bytes.readInt32BE(start + 2)
  return length < 0 ? undefined : bytes.toString('utf8', start + 6, start + 6 + length)
}

/** How many columns a CopyOutResponse announces; refuses the binary format, which we never ask for. */
export function copyColumnCount(bytes: Buffer, start: number): number {
  if (bytes[start] !== 0)
    throw new TailError('PROTOCOL', 'The server copies in binary though text was asked for.')
  return bytes.readUInt16BE(start + 1)
}

/** The count in a CommandComplete tag such as `COPY 42`; undefined for a tag without one. */
export function commandCount(bytes: Buffer, start: number, end: number): number | undefined {
  const match = /^COPY (\d+)$/.exec(bytes.toString('utf8', start, terminator(bytes, start, end)))
  return match?.[1] === undefined ? undefined : Number(match[1])
}

function terminator(bytes: Buffer, from: number, end: number): number {
  const at = bytes.indexOf(0, from)
  if (at < 0 || at >= end) throw new TailError('PROTOCOL', 'A string in a message of the server has no end.')
  return at
}
