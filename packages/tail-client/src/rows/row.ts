import { unescapeField } from '../copy/text.js'
import { TailError } from '../errors.js'
import type { Column, UnknownRow, ValueOptions } from '../types.js'
import { type ValueDecoder, valueDecoder } from './values.js'

/** The row's columns as COPY text, to the row. Throws `DECODE` with the column, its type and the value. */
export type RowDecoder = (raw: string) => UnknownRow

/**
 * Makes the decoder for the columns of a relation. Rows are plain objects; NULL is null.
 * Throws `DUPLICATE_COLUMN` when two columns share a name, since one of them would be lost.
 */
export function rowDecoder(columns: readonly Column[], options: ValueOptions): RowDecoder {
  const names = columns.map(({ name }) => name)
  const twice = names.find((name, index) => names.indexOf(name) !== index)
  if (twice !== undefined)
    throw new TailError(
      'DUPLICATE_COLUMN',
      `Two columns are called ${JSON.stringify(twice)}. Give one an alias.`,
    )
  const own = new Map(Object.entries(options.parse ?? {}))
  for (const name of own.keys())
    if (!names.includes(name))
      throw new TailError(
        'SCHEMA_MISMATCH',
        `parse names ${JSON.stringify(name)}; the columns are ${names.join(', ')}.`,
      )
  const decoders = columns.map(({ name, oid }) => own.get(name) ?? valueDecoder(oid, options))
  if (names.length === 0) return raw => (raw === '' ? {} : refuse(raw, columns))
  // A copy of a row with all its columns has the right shape from the start, which is what makes rows cheap.
  const empty = Object.fromEntries(names.map(name => [name, null as unknown]))
  const last = names.length - 1
  return raw => {
    const row = { ...empty }
    const isEscaped = raw.includes('\\')
    let from = 0
    for (let i = 0; i <= last; i++) {
      const tab = raw.indexOf('\t', from)
      if (tab < 0 !== (i === last)) return refuse(raw, columns)
      const field = raw.slice(from, tab < 0 ? raw.length : tab)
      const name = names[i] ?? ''
      const decode = decoders[i]
      const value =
        isEscaped && field.includes('\\')
          ? escaped(field, columns[i], decode)
          : decode
            ? decoded(field, columns[i], decode)
            : field
      if (name === '__proto__') Object.defineProperty(row, name, { value })
      else row[name] = value
      from = tab + 1
    }
    return row
  }
}

function escaped(field: string, column: Column | undefined, decode: ValueDecoder | undefined): unknown {
  if (field === '\\N') return null
  const text = unescapeField(field)
  return decode ? decoded(text, column, decode) : text
}

function decoded(text: string, column: Column | undefined, decode: ValueDecoder): unknown {
  try {
    return decode(text)
  } catch (cause) {
    const shown = text.length > 80 ? `${text.slice(0, 80)}…` : text
    const why = TailError.is(cause) ? cause.message.replace(/^\[\w+\] /, '') : 'It cannot be decoded.'
    throw new TailError(
      'DECODE',
      `Column ${column?.name} (type OID ${column?.oid}) holds ${JSON.stringify(shown)}: ${why}`,
      { cause },
    )
  }
}

function refuse(raw: string, columns: readonly Column[]): never {
  throw new TailError(
    'SCHEMA_MISMATCH',
    `A row has ${raw === '' && columns.length === 0 ? 0 : raw.split('\t').length} columns, not the ${columns.length} of the description. The relation was replaced.`,
  )
}
