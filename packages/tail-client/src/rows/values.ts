import { TailError } from '../errors.js'
import type { ValueOptions } from '../types.js'
import { type Element, parseElements } from './elements.js'

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
  int4: 23,
  oid: 26,
  float4: 700,
  float8: 701,
  date: 1082,
  timestamp: 1114,
  timestamptz: 1184,
  numeric: 1700,
  jsonb: 3802,
  list: 16384,
  map: 16385,
  uint2: 16460,
  uint4: 16462,
  uint8: 16464,
  mzTimestamp: 16552,
} as const

const elementOids: Readonly<Record<number, number>> = {
  1000: oid.bool,
  1001: oid.bytea,
  1005: oid.int2,
  1007: oid.int4,
  1016: oid.int8,
  1021: oid.float4,
  1022: oid.float8,
  1028: oid.oid,
  1115: oid.timestamp,
  1182: oid.date,
  1185: oid.timestamptz,
  1231: oid.numeric,
  3807: oid.jsonb,
  16461: oid.uint2,
  16463: oid.uint4,
  16465: oid.uint8,
  16553: oid.mzTimestamp,
}
/** Arrays of types whose values are text: name, text, bpchar, varchar, time, interval, uuid, "char". */
const textArrayOids: ReadonlySet<number> = new Set([1002, 1003, 1009, 1014, 1015, 1183, 1187, 2951])

/** How the text of a type is decoded, or undefined where the text is the value. */
export function valueDecoder(typeOid: number, options: ValueOptions): ValueDecoder | undefined {
  const element = elementOids[typeOid]
  if (element !== undefined) return arrayDecoder(valueDecoder(element, options))
  if (textArrayOids.has(typeOid) || typeOid === oid.list || typeOid === oid.map)
    return text => plain(parseElements(text))
  switch (typeOid) {
    case oid.bool:
      return text => text === 't'
    case oid.int2:
    case oid.int4:
    case oid.oid:
    case oid.uint2:
    case oid.uint4:
    case oid.float4:
    case oid.float8:
      return Number
    case oid.int8:
    case oid.uint8:
    case oid.mzTimestamp:
      return int8Decoder(options.int8 ?? 'bigint')
    case oid.numeric:
      return options.numeric === 'number' ? Number : undefined
    case oid.date:
    case oid.timestamp:
    case oid.timestamptz:
      return options.time === 'date' ? parseDate : undefined
    case oid.jsonb:
      return text => JSON.parse(text) as unknown
    case oid.bytea:
      return text => Uint8Array.from(Buffer.from(text.slice(2), 'hex'))
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

function int8Decoder(as: 'bigint' | 'number' | 'string'): ValueDecoder | undefined {
  if (as === 'string') return undefined
  // Up to 15 digits a double is exact, and BigInt of a number is far cheaper than BigInt of text.
  if (as === 'bigint') return text => (text.length <= 15 ? BigInt(+text) : BigInt(text))
  return text => {
    const value = Number(text)
    if (Number.isSafeInteger(value)) return value
    throw new TailError('DECODE', `${text} is no safe integer. Use int8: 'bigint' or 'string'.`)
  }
}

function arrayDecoder(decode: ValueDecoder = text => text): ValueDecoder {
  const convert = (element: Element): unknown =>
    element === null
      ? null
      : typeof element === 'string'
        ? decode(element)
        : Array.isArray(element)
          ? element.map(convert)
          : element
  return text => convert(parseElements(text))
}

/** Lists as arrays, maps as objects without prototype: a key may be called `__proto__`. */
function plain(element: Element): unknown {
  if (element === null || typeof element === 'string') return element
  if (element instanceof Map) {
    const object = Object.create(null) as Record<string, unknown>
    for (const [key, value] of element) object[key] = plain(value)
    return object
  }
  return (element as readonly Element[]).map(plain)
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
