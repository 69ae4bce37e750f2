import { message } from './backend.js'
import { ByteReader } from './bytes.js'

/** Parse: a statement's name, its text, and whatever follows (parameter types), untouched. */
export interface Parse {
  readonly name: string
  readonly sql: string
  readonly rest: Buffer
}

/** Bind: which portal, which statement, and whatever follows (formats and values), untouched. */
export interface Bind {
  readonly portal: string
  readonly statement: string
  readonly rest: Buffer
}

/** Describe or Close: of a statement ('S') or of a portal ('P'). */
export interface Target {
  readonly kind: string
  readonly name: string
}

export function readQuery(body: Buffer): string {
  return new ByteReader(body).cstring()
}

export function readParse(body: Buffer): Parse {
  const reader = new ByteReader(body)
  return { name: reader.cstring(), sql: reader.cstring(), rest: reader.rest() }
}

export function readBind(body: Buffer): Bind {
  const reader = new ByteReader(body)
  return { portal: reader.cstring(), statement: reader.cstring(), rest: reader.rest() }
}

export function readTarget(body: Buffer): Target {
  const reader = new ByteReader(body)
  return { kind: String.fromCharCode(reader.int8()), name: reader.cstring() }
}

/** Execute: the portal's name; its row limit is the session's business. */
export function readExecute(body: Buffer): string {
  return new ByteReader(body).cstring()
}

export function query(sql: string): Buffer {
  return message('Q', body => body.cstring(sql))
}

export function parse(parts: Parse): Buffer {
  return message('P', body => body.cstring(parts.name).cstring(parts.sql).bytes(parts.rest))
}

export function bind(parts: Bind): Buffer {
  return message('B', body => body.cstring(parts.portal).cstring(parts.statement).bytes(parts.rest))
}

export function target(type: 'D' | 'C', parts: Target): Buffer {
  return message(type, body => body.utf8(parts.kind).cstring(parts.name))
}

export const sync: Buffer = message('S')
export const flush: Buffer = message('H')
export const copyDone: Buffer = message('c')

export function copyFail(reason: string): Buffer {
  return message('f', body => body.cstring(reason))
}
