import { type Decoding, serverType } from './types.js'

/** A type as it is called in SQL, and what its values are in TypeScript when no option says otherwise. */
export interface TypeName {
  readonly sql: string
  readonly ts: string
}

const typescript: Readonly<Record<Decoding, string>> = {
  text: 'string',
  boolean: 'boolean',
  integer: 'number',
  bigint: 'bigint',
  float: 'number',
  numeric: 'string',
  time: 'string',
  interval: 'string',
  jsonb: 'unknown',
  bytes: 'Uint8Array',
  vector: 'readonly number[]',
  record: 'readonly (string | null)[]',
  list: 'readonly unknown[]',
  map: 'Readonly<Record<string, unknown>>',
}

/** What the type of a column is called, by its OID; one that is not known is `type` and the OID, and its values are text. */
export function typeName(oid: number): TypeName {
  const type = serverType(oid)
  if (type.kind === 'scalar') return { sql: type.sql, ts: typescript[type.decoding] }
  if (type.kind === 'range') return { sql: type.sql, ts: `Range<${typeName(type.bound).ts}>` }
  const { sql, ts } = typeName(type.element)
  return { sql: `${sql}[]`, ts: ts === 'unknown' ? 'readonly unknown[]' : `readonly (${ts} | null)[]` }
}
