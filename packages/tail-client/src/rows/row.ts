import { unescapeField } from '../copy/text.js'
import { excerpt, TailError } from '../errors.js'
import type { Column } from '../types/connection.js'
import type { UnknownRow } from '../types/update.js'
import type { ValueOptions } from '../types/values.js'
import { backslash, lastAscii, letterF, letterN, letterT, minus, tab, zero } from './ascii.js'
import { shapeOf, type ValueDecoder, valueDecoder } from './values.js'

/** Where the texts of rows lie: as bytes, and the same bytes as latin1, whose char 0 is byte `base`. */
export interface RowTexts {
  readonly bytes: Buffer
  readonly latin1: string
  readonly base: number
}

/**
 * Makes the row of its columns as COPY text, which lies in `texts` from byte `from` up to `to`; `isWide` if it has bytes beyond
 * ASCII, `isEscaped` if it has a backslash. Throws `DECODE` with the column, its type and the value.
 */
export type RowDecoder = (
  texts: RowTexts,
  from: number,
  to: number,
  isWide: boolean,
  isEscaped: boolean,
) => UnknownRow

/** So many digits are exact in a double. */
const exactDigits = 15

/**
 * Makes the decoder for the columns of a relation. Rows are plain objects; NULL is null.
 * Throws `DUPLICATE_COLUMN` when two columns share a name, since one of them would be lost.
 */
export function rowDecoder(columns: readonly Column[], options: ValueOptions): RowDecoder {
  const names = columns.map(({ name }) => name)
  const own = new Map(Object.entries(options.parse ?? {}))
  checkNames(names, own)
  const decoders = columns.map(({ name, oid }) => own.get(name) ?? valueDecoder(oid, options))
  const shapes = columns.map(({ name, oid }) => (own.has(name) ? 'other' : shapeOf(oid, options)))
  if (names.length === 0) return (texts, from, to) => (from === to ? {} : refuse(texts, from, to, columns))
  // A copy of a row with all its columns has the right shape from the start, which is what makes rows cheap.
  const empty = Object.fromEntries(names.map(name => [name, null as unknown]))
  const last = names.length - 1
  return (texts, from, to, isWide, isEscaped) => {
    const { bytes } = texts
    const row = { ...empty }
    let start = from
    for (let i = 0; i <= last; i++) {
      let end = start
      let hasEscape = false
      let hasWide = false
      if (isEscaped || isWide)
        // One NULL, or one character, must not slow down the whole row.
        for (; end < to; end++) {
          const byte = bytes[end] ?? 0
          if (byte === tab) break
          if (byte === backslash) hasEscape = true
          else if (byte > lastAscii) hasWide = true
        }
      else while (end < to && bytes[end] !== tab) end++
      if ((end === to) !== (i === last)) return refuse(texts, from, to, columns)
      const shape = hasEscape ? 'other' : shapes[i]
      let value: unknown
      if (shape === 'text') value = textOf(texts, start, end, hasWide)
      else if (hasEscape && end === start + 2 && bytes[start] === backslash && bytes[start + 1] === letterN)
        value = null
      else if (shape === 'boolean' && end === start + 1 && isBoolean(bytes[start]))
        value = bytes[start] === letterT
      else {
        const integer = shape === 'other' || shape === 'boolean' ? undefined : integerOf(bytes, start, end)
        if (integer === undefined)
          value = decoded(textOf(texts, start, end, hasWide), columns[i], decoders[i])
        else value = shape === 'bigint' ? BigInt(integer) : integer
      }
      const name = names[i] ?? ''
      if (name === '__proto__') Object.defineProperty(row, name, { value })
      else row[name] = value
      start = end + 1
    }
    return row
  }
}

function isBoolean(letter: number | undefined): boolean {
  return letter === letterT || letter === letterF
}

/** The digits in bytes, which are most of what streams carry, without a string in between; undefined if they are not just that. */
function integerOf(bytes: Buffer, from: number, to: number): number | undefined {
  const isNegative = bytes[from] === minus
  const first = isNegative ? from + 1 : from
  if (to - first > exactDigits || first >= to) return undefined
  let value = 0
  for (let at = first; at < to; at++) {
    const digit = (bytes[at] ?? 0) - zero
    if (digit < 0 || digit > 9) return undefined
    value = value * 10 + digit
  }
  return isNegative ? 0 - value : value
}

function textOf({ bytes, latin1, base }: RowTexts, from: number, to: number, isWide: boolean): string {
  return isWide ? bytes.toString('utf8', from, to) : latin1.slice(from - base, to - base)
}

function decoded(field: string, column: Column | undefined, decode: ValueDecoder | undefined): unknown {
  if (field === '\\N') return null
  const text = field.includes('\\') ? unescapeField(field) : field
  if (!decode) return text
  try {
    return decode(text)
  } catch (cause) {
    const why = TailError.is(cause) ? cause.message.replace(/^\[\w+\] /, '') : 'It cannot be decoded.'
    throw new TailError(
      'DECODE',
      `Column ${column?.name} (type OID ${column?.oid}) holds ${JSON.stringify(excerpt(text))}: ${why}`,
      { cause },
    )
  }
}

function checkNames(names: readonly string[], parsers: ReadonlyMap<string, unknown>): void {
  const twice = names.find((name, index) => names.indexOf(name) !== index)
  if (twice !== undefined)
    throw new TailError(
      'DUPLICATE_COLUMN',
      `Two columns are called ${JSON.stringify(twice)}. Give one an alias.`,
    )
  for (const name of parsers.keys())
    if (!names.includes(name))
      throw new TailError(
        'SCHEMA_MISMATCH',
        `parse names ${JSON.stringify(name)}; the columns are ${names.join(', ')}.`,
      )
}

function refuse({ bytes }: RowTexts, from: number, to: number, columns: readonly Column[]): never {
  const found =
    from === to && columns.length === 0 ? 0 : bytes.toString('latin1', from, to).split('\t').length
  throw new TailError(
    'SCHEMA_MISMATCH',
    `A row has ${found} columns, not the ${columns.length} of the description. The relation was replaced.`,
  )
}
