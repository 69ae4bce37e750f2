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
  const decoders = columns.map(({ oid }) => valueDecoder(oid, options))
  const set = names.includes('__proto__') ? define : assign
  return raw => {
    const row: UnknownRow = {}
    const isEscaped = raw.includes('\\')
    let from = 0
    for (let i = 0; i < names.length; i++) {
      const tab = raw.indexOf('\t', from)
      const isLast = i === names.length - 1
      if (tab < 0 !== isLast) throw wrongCount(raw, columns)
      const field = raw.slice(from, isLast ? raw.length : tab)
      set(
        row,
        names[i] ?? '',
        isEscaped && field.includes('\\')
          ? escaped(field, columns[i], decoders[i])
          : value(field, columns[i], decoders[i]),
      )
      from = tab + 1
    }
    if (names.length === 0 && raw !== '') throw wrongCount(raw, columns)
    return row
  }
}

function assign(row: UnknownRow, name: string, value: unknown): void {
  row[name] = value
}

function define(row: UnknownRow, name: string, value: unknown): void {
  Object.defineProperty(row, name, { value, enumerable: true, writable: true, configurable: true })
}

function escaped(field: string, column: Column | undefined, decode: ValueDecoder | undefined): unknown {
  return field === '\\N' ? null : value(unescapeField(field), column, decode)
}

function value(text: string, column: Column | undefined, decode: ValueDecoder | undefined): unknown {
  if (!decode) return text
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

function wrongCount(raw: string, columns: readonly Column[]): TailError {
  return new TailError(
    'SCHEMA_MISMATCH',
    `A row has ${raw === '' && columns.length === 0 ? 0 : raw.split('\t').length} columns, not the ${columns.length} of the description. The relation was replaced.`,
  )
}
