import type { ColumnDescription } from '../wire/backend.js'
import { type Convert, convertArray } from './arrays.js'
import { compactJson } from './json.js'
import { trimFloat, trimNumeric } from './numbers.js'
import { escapeField, reescapeField, unescapeField } from './text.js'

/** `mz_timestamp` is numeric(39,0): OID 1700, typmod (39 << 16 | 0) + 4. */
const timestampColumn: ColumnDescription = {
  name: 'mz_timestamp',
  oid: 1700,
  typeLength: -1,
  typmod: 2555908,
}
const progressedColumn: ColumnDescription = { name: 'mz_progressed', oid: 16, typeLength: 1, typmod: -1 }
const diffColumn: ColumnDescription = { name: 'mz_diff', oid: 20, typeLength: 8, typmod: -1 }

/** The columns of a stream: Materialize's own before the relation's. */
export function streamColumns(columns: readonly ColumnDescription[], progress: boolean): ColumnDescription[] {
  return [timestampColumn, ...(progress ? [progressedColumn] : []), diffColumn, ...columns.map(asMaterialize)]
}

const numericOid = 1700

// Materialize's numeric has a precision of 39 always, and a scale of 39 where none is declared.
function asMaterialize(column: ColumnDescription): ColumnDescription {
  if (column.oid !== numericOid) return column
  const scale = column.typmod < 0 ? 39 : (column.typmod - 4) & 0xffff
  return { ...column, typmod: ((39 << 16) | scale) + 4 }
}

const interval: Convert = text => text.replace(/\bmon(s?)\b/g, 'month$1')
const range: Convert = text => text.replace(/[^[\](),]+/g, trimNumeric)
const same: Convert = text => text

/** Types whose text differs between PostgreSQL and Materialize, by OID. Times are in UTC already. */
const conversions: ReadonlyMap<number, Convert> = new Map([
  [700, trimFloat],
  [701, trimFloat],
  [numericOid, trimNumeric],
  [1186, interval],
  [3802, compactJson],
  [3906, range],
])

/** Arrays by OID, with the OID of their elements. */
const arrays: ReadonlyMap<number, number> = new Map([
  ...[1000, 1001, 1002, 1003, 1005, 1007, 1009, 1014, 1015, 1016, 1028].map(oid => [oid, 25] as const),
  ...[1115, 1182, 1183, 1185, 2951].map(oid => [oid, 25] as const),
  [1021, 700],
  [1022, 701],
  [1187, 1186],
  [1231, numericOid],
  [3807, 3802],
  [3907, 3906],
])

function conversionOf(oid: number): Convert | undefined {
  const element = arrays.get(oid)
  if (element === undefined) return conversions.get(oid)
  const convert = conversions.get(element) ?? same
  return text => convertArray(text, convert)
}

/**
 * How a line of PostgreSQL's COPY text becomes Materialize's, for these columns.
 * Different lines may become the same one (1.50 and 1.5 are one number): consolidate after it.
 */
export function lineConversion(columns: readonly ColumnDescription[]): Convert {
  const converters = columns.map(column => conversionOf(column.oid))
  if (converters.every(convert => convert === undefined))
    return line => (line.includes('\\') ? line.split('\t').map(reescapeField).join('\t') : line)
  return line => {
    const fields = line.split('\t')
    return fields.map((field, i) => convertField(field, converters[i])).join('\t')
  }
}

function convertField(field: string, convert: Convert | undefined): string {
  if (field === '\\N') return field
  return convert === undefined ? reescapeField(field) : escapeField(convert(unescapeField(field)))
}
