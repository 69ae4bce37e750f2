import { TailError } from '../errors.js'
import type { ValueOptions } from '../types/values.js'
import { parseInterval, parseRange, parseRecord } from './composites.js'
import { type ContainerKind, type Element, parseElements } from './elements.js'
import { type Decoding, serverType } from './types.js'

/** The text of a value that is not NULL, to its JavaScript value. */
export type ValueDecoder = (text: string) => unknown

const asText: ValueDecoder = text => text

/** How the text of a type is decoded, or undefined where the text is the value. */
export function valueDecoder(oid: number, options: ValueOptions): ValueDecoder | undefined {
  const type = serverType(oid)
  if (type.kind === 'array') return containerDecoder('array', valueDecoder(type.element, options))
  if (type.kind === 'scalar') return scalarDecoder(type.decoding, options)
  const decode = valueDecoder(type.bound, options) ?? asText
  return text => parseRange(text, decode)
}

function scalarDecoder(decoding: Decoding, options: ValueOptions): ValueDecoder | undefined {
  switch (decoding) {
    case 'text':
      return undefined
    case 'list':
    case 'map':
      return containerDecoder(decoding)
    case 'record':
      return parseRecord
    case 'boolean':
      return bool
    case 'integer':
      return integer
    case 'vector':
      return text => (text === '' ? [] : text.split(' ').map(integer))
    case 'float':
      return float
    case 'bigint':
      return int8Decoder(options.int8 ?? 'bigint')
    case 'numeric':
      return chosen(options.numeric, { number: float })
    case 'time':
      return chosen(options.time, { date: parseDate })
    case 'interval':
      return chosen(options.interval, { parts: parseInterval })
    case 'jsonb':
      return chosen(options.jsonb ?? 'parse', { parse: text => JSON.parse(text) as unknown })
    case 'bytes':
      return bytes
  }
}

/** What is read from bytes without making text first: most of what streams carry. */
export type Shape = 'text' | 'boolean' | 'integer' | 'bigint' | 'other'

export function shapeOf(oid: number, options: ValueOptions): Shape {
  const type = serverType(oid)
  const decoding = type.kind === 'scalar' ? type.decoding : undefined
  if (decoding === 'boolean' || decoding === 'integer') return decoding
  if (decoding !== 'bigint') return valueDecoder(oid, options) ? 'other' : 'text'
  const as = options.int8 ?? 'bigint'
  return as === 'string' ? 'text' : as === 'bigint' ? 'bigint' : 'integer'
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
