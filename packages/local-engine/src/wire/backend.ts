import { ByteReader, ByteWriter } from './bytes.js'
import type { Failure } from './failure.js'
import { framesOf } from './frames.js'

/** The state of a session's transaction, as ReadyForQuery says it: idle, in a transaction, in a failed one. */
export type TransactionStatus = 'I' | 'T' | 'E'

/** One column as RowDescription gives it. */
export interface ColumnDescription {
  readonly name: string
  readonly oid: number
  readonly typeLength: number
  readonly typmod: number
}

/** A message of the backend. https://www.postgresql.org/docs/current/protocol-message-formats.html */
export function message(type: string, write?: (body: ByteWriter) => void): Buffer {
  const writer = new ByteWriter(64).int8(type.charCodeAt(0)).int32(4)
  write?.(writer)
  return writer.patchLength(1).take()
}

export const parseComplete: Buffer = message('1')
export const bindComplete: Buffer = message('2')
export const closeComplete: Buffer = message('3')
export const noData: Buffer = message('n')
export const noParameters: Buffer = message('t', body => body.int16(0))
export const copyDone: Buffer = message('c')

export function authenticationOk(): Buffer {
  return message('R', body => body.int32(0))
}

export function parameterStatus(name: string, value: string): Buffer {
  return message('S', body => body.cstring(name).cstring(value))
}

export function backendKeyData(pid: number, secret: number): Buffer {
  return message('K', body => body.int32(pid).int32(secret))
}

export function readyForQuery(status: TransactionStatus): Buffer {
  return message('Z', body => body.int8(status.charCodeAt(0)))
}

export function commandComplete(tag: string): Buffer {
  return message('C', body => body.cstring(tag))
}

// Materialize sends S, C and M, and D, H and P where it has them; never V, F, L or R.
export function errorResponse(what: Failure): Buffer {
  return message('E', body => {
    body.utf8('S').cstring(what.severity).utf8('C').cstring(what.code).utf8('M').cstring(what.message)
    if (what.detail !== undefined) body.utf8('D').cstring(what.detail)
    if (what.hint !== undefined) body.utf8('H').cstring(what.hint)
    if (what.position !== undefined) body.utf8('P').cstring(String(what.position))
    body.int8(0)
  })
}

/** A NoticeResponse that asks for nothing. */
export function notice(code: string, text: string): Buffer {
  return message('N', body =>
    body.utf8('S').cstring('NOTICE').utf8('C').cstring(code).utf8('M').cstring(text).int8(0),
  )
}

/** Text in every column. https://www.postgresql.org/docs/current/protocol-message-formats.html (CopyOutResponse) */
export function copyOutResponse(columns: number): Buffer {
  return message('H', body => {
    body.int8(0).int16(columns)
    for (let i = 0; i < columns; i++) body.int16(0)
  })
}

/** Columns of no table (table OID and attribute number 0), all in text. */
export function rowDescription(columns: readonly ColumnDescription[]): Buffer {
  return message('T', body => {
    body.int16(columns.length)
    for (const column of columns) {
      body.cstring(column.name).int32(0).int16(0)
      body.int32(column.oid).int16(column.typeLength).int32(column.typmod).int16(0)
    }
  })
}

export function readRowDescription(body: Buffer): ColumnDescription[] {
  const reader = new ByteReader(body)
  return Array.from({ length: reader.int16() }, () => {
    const name = reader.cstring()
    reader.int32()
    reader.int16()
    const oid = reader.int32() >>> 0
    const typeLength = reader.int16()
    const typmod = reader.int32()
    reader.int16()
    return { name, oid, typeLength, typmod }
  })
}

/** The text values of a DataRow. */
export function readDataRow(body: Buffer): (string | null)[] {
  const reader = new ByteReader(body)
  const values: (string | null)[] = []
  let rest: Buffer = body.subarray(2)
  for (let left = reader.int16(); left > 0; left--) {
    const length = rest.readInt32BE(0)
    values.push(length < 0 ? null : rest.toString('utf8', 4, 4 + length))
    rest = rest.subarray(4 + Math.max(0, length))
  }
  return values
}

export function readFailure(body: Buffer): Failure {
  const reader = new ByteReader(body)
  const fields = new Map<string, string>()
  while (reader.remaining > 1) {
    const field = reader.int8()
    if (field === 0) break
    fields.set(String.fromCharCode(field), reader.cstring())
  }
  const detail = fields.get('D')
  const hint = fields.get('H')
  const position = fields.get('P')
  return {
    severity: fields.get('S') === 'FATAL' ? 'FATAL' : 'ERROR',
    code: fields.get('C') ?? 'XX000',
    message: fields.get('M') ?? '',
    ...(detail === undefined ? {} : { detail }),
    ...(hint === undefined ? {} : { hint }),
    ...(position === undefined ? {} : { position: Number(position) }),
  }
}

/** The first error of an answer. */
export function failureIn(answer: Buffer): Failure | undefined {
  for (const frame of framesOf(answer)) if (frame.type === 'E') return readFailure(frame.body)
  return undefined
}

/** The status in the last ReadyForQuery of an answer; undefined if it has none. */
export function statusIn(answer: Buffer): TransactionStatus | undefined {
  const end = answer.length - 6
  if (end < 0 || answer[end] !== 0x5a || answer.readInt32BE(end + 1) !== 5) return undefined
  const letter = String.fromCharCode(answer[end + 5] ?? 0)
  return letter === 'T' || letter === 'E' ? letter : 'I'
}
