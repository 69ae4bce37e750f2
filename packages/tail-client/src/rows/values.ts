import { TailError } from '../errors.js'
import type { ValueOptions } from '../types.js'
import { parseInterval, parseRange, parseRecord } from './composites.js'
import { type ContainerKind, type Element, parseElements } from './elements.js'

/** The text of a value that is not NULL, to its JavaScript value. */
export type ValueDecoder = (text: string) => unknown

/**
 * OIDs of Materialize's types (https://materialize.com/docs/sql/types/); those from 16384 on are its own.
 * Types that are not named here are given as the text the server writes.
 */
const oid = {
  bool: 16,
  bytea: 17,
  int8: 20,
  int2: 21,
  int2vector: 22,
  int4: 23,
  oid: 26,
  float4: 700,
  float8: 701,
  date: 1082,
  timestamp: 1114,
  timestamptz: 1184,
  interval: 1186,
  numeric: 1700,
  record: 2249,
  jsonb: 3802,
  int4range: 3904,
  numrange: 3906,
  tsrange: 3908,
  tstzrange: 3910,
  daterange: 3912,
  int8range: 3926,
  list: 16384,
  map: 16385,
  uint2: 16460,
  uint4: 16462,
  uint8: 16464,
  mzTimestamp: 16552,
} as const

/** What the elements of each array type are; the numbers of array types follow no rule. */
const elementOids: ReadonlyMap<number, number> = new Map([
  [1000, oid.bool],
  [1001, oid.bytea],
  [1005, oid.int2],
  [1006, oid.int2vector],
  [1007, oid.int4],
  [1016, oid.int8],
  [1021, oid.float4],
  [1022, oid.float8],
  [1028, oid.oid],
  [1115, oid.timestamp],
  [1182, oid.date],
  [1185, oid.timestamptz],
  [1187, oid.interval],
  [1231, oid.numeric],
  [2287, oid.record],
  [3807, oid.jsonb],
  [3905, oid.int4range],
  [3907, oid.numrange],
  [3909, oid.tsrange],
  [3911, oid.tstzrange],
  [3913, oid.daterange],
  [3927, oid.int8range],
  [16461, oid.uint2],
  [16463, oid.uint4],
  [16465, oid.uint8],
  [16553, oid.mzTimestamp],
  // "char", name, regproc, text, bpchar, varchar, aclitem, time, regclass, regtype, uuid, mz_aclitem: text.
  ...[1002, 1003, 1008, 1009, 1014, 1015, 1034, 1183, 2210, 2211, 2951, 16567].map(
    array => [array, 25] as const,
  ),
])

const boundOids: ReadonlyMap<number, number> = new Map([
  [oid.int4range, oid.int4],
  [oid.numrange, oid.numeric],
  [oid.tsrange, oid.timestamp],
  [oid.tstzrange, oid.timestamptz],
  [oid.daterange, oid.date],
  [oid.int8range, oid.int8],
])

const asText: ValueDecoder = text => text

/** How the text of a type is decoded, or undefined where the text is the value. */
export function valueDecoder(typeOid: number, options: ValueOptions): ValueDecoder | undefined {
  const element = elementOids.get(typeOid)
  if (element !== undefined) return containerDecoder('array', valueDecoder(element, options))
  const bound = boundOids.get(typeOid)
  if (bound !== undefined) {
    const decode = valueDecoder(bound, options) ?? asText
    return text => parseRange(text, decode)
  }
  switch (typeOid) {
    case oid.list:
      return containerDecoder('list')
    case oid.map:
      return containerDecoder('map')
    case oid.record:
      return parseRecord
    case oid.bool:
      return bool
    case oid.int2:
    case oid.int4:
    case oid.oid:
    case oid.uint2:
    case oid.uint4:
      return integer
    case oid.int2vector:
      return text => (text === '' ? [] : text.split(' ').map(integer))
    case oid.float4:
    case oid.float8:
      return float
    case oid.int8:
    case oid.uint8:
    case oid.mzTimestamp:
      return int8Decoder(options.int8 ?? 'bigint')
    case oid.numeric:
      return chosen(options.numeric, { number: float })
    case oid.date:
    case oid.timestamp:
    case oid.timestamptz:
      return chosen(options.time, { date: parseDate })
    case oid.interval:
      return chosen(options.interval, { parts: parseInterval })
    case oid.jsonb:
      return chosen(options.jsonb ?? 'parse', { parse: text => JSON.parse(text) as unknown })
    case oid.bytea:
      return bytes
    default:
      return undefined
  }
}

/** What is read from bytes without making text first: most of what streams carry. */
export type Shape = 'text' | 'boolean' | 'integer' | 'bigint' | 'other'

export function shapeOf(typeOid: number, options: ValueOptions): Shape {
  switch (typeOid) {
    case oid.bool:
      return 'boolean'
    case oid.int2:
    case oid.int4:
    case oid.oid:
    case oid.uint2:
    case oid.uint4:
      return 'integer'
    case oid.int8:
    case oid.uint8:
    case oid.mzTimestamp: {
      const as = options.int8 ?? 'bigint'
      return as === 'string' ? 'text' : as === 'bigint' ? 'bigint' : 'integer'
    }
    default:
      return valueDecoder(typeOid, options) ? 'other' : 'text'
  }
}

/** The function that the user gave, or what the word that the user gave stands for; text by default. */
function chosen(
  choice: string | ValueDecoder | undefined,
  meanings: Readonly<Record<string, ValueDecoder>>,
): ValueDecoder | undefined {
  return typeof choice === 'function' ? choice : meanings[choice ?? '']
}

function int8Decoder(as: 'bigint' | 'number' | 'string'): ValueDecoder | undefined {
  if (as === 'string') return undefined
  if (as === 'bigint') return bigint
  return text => {
    const value = Number(text)
    if (Number.isSafeInteger(value) && text !== '') return value
    throw new TailError('DECODE', `${text} is no safe integer. Use int8: 'bigint' or 'string'.`)
  }
}

/** Up to 15 digits a double is exact, and BigInt of a number is far cheaper than BigInt of text. */
function bigint(text: string): bigint {
  if (text === '') throw new TailError('DECODE', 'It is no integer.')
  return text.length <= 15 ? BigInt(+text) : BigInt(text)
}

function integer(text: string): number {
  const value = +text
  if (Number.isInteger(value) && text !== '') return value
  throw new TailError('DECODE', 'It is no integer.')
}

function float(text: string): number {
  const value = +text
  if ((!Number.isNaN(value) && text !== '') || text === 'NaN') return value
  throw new TailError('DECODE', 'It is no number.')
}

function bool(text: string): boolean {
  if (text === 't') return true
  if (text === 'f') return false
  throw new TailError('DECODE', "It is neither 't' nor 'f'.")
}

function bytes(text: string): Uint8Array {
  const decoded = Buffer.from(text.slice(2), 'hex')
  if (!text.startsWith('\\x') || decoded.length * 2 !== text.length - 2)
    throw new TailError('DECODE', 'It is not \\x and pairs of hexadecimal digits.')
  return Uint8Array.from(decoded)
}

/** Arrays and lists as arrays, maps as objects without prototype: a key may be called `__proto__`. */
function containerDecoder(kind: ContainerKind, decode: ValueDecoder = asText): ValueDecoder {
  const convert = (element: Element): unknown => {
    if (element === null) return null
    if (typeof element === 'string') return decode(element)
    if (element instanceof Map) {
      const object = Object.create(null) as Record<string, unknown>
      for (const [key, value] of element) object[key] = convert(value)
      return object
    }
    return (element as readonly Element[]).map(convert)
  }
  return text => convert(parseElements(text, kind))
}

const dateText = /^(\d{4,6})-(\d\d)-(\d\d)(?: (\d\d):(\d\d):(\d\d)(?:\.(\d{1,6}))?(?:\+00)?)?( BC)?$/

function parseDate(text: string): Date {
  const match = dateText.exec(text)
  if (!match)
    throw new TailError('DECODE', `${JSON.stringify(text)} is no date or timestamp. Use time: 'string'.`)
  const [, year, month, day, hour, minute, second, fraction, bc] = match
  const ms = Number((fraction ?? '').padEnd(3, '0').slice(0, 3))
  // Set part by part: Date.UTC reads years below 100 as 19xx. Seconds of 60 roll over.
  const date = new Date(0)
  date.setUTCFullYear(bc ? 1 - Number(year) : Number(year), Number(month) - 1, Number(day))
  date.setUTCHours(Number(hour ?? 0), Number(minute ?? 0), Number(second ?? 0), ms)
  return date
}
