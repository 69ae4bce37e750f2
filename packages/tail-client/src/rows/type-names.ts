/** A type as it is called in SQL, and what its values are in TypeScript when no option says otherwise. */
export interface TypeName {
  readonly sql: string
  readonly ts: string
}

/** By OID (https://materialize.com/docs/sql/types/). What is not here is given as text. */
const names: Readonly<Record<number, readonly [sql: string, ts: string]>> = {
  16: ['boolean', 'boolean'],
  17: ['bytea', 'Uint8Array'],
  18: ['"char"', 'string'],
  19: ['name', 'string'],
  20: ['bigint', 'bigint'],
  21: ['smallint', 'number'],
  23: ['integer', 'number'],
  25: ['text', 'string'],
  26: ['oid', 'number'],
  114: ['json', 'string'],
  700: ['real', 'number'],
  701: ['double precision', 'number'],
  1042: ['character', 'string'],
  1043: ['character varying', 'string'],
  1082: ['date', 'string'],
  1083: ['time', 'string'],
  1114: ['timestamp', 'string'],
  1184: ['timestamptz', 'string'],
  1186: ['interval', 'string'],
  1700: ['numeric', 'string'],
  2950: ['uuid', 'string'],
  3802: ['jsonb', 'unknown'],
  16384: ['list', 'readonly unknown[]'],
  16385: ['map', 'Readonly<Record<string, unknown>>'],
  16460: ['uint2', 'number'],
  16462: ['uint4', 'number'],
  16464: ['uint8', 'bigint'],
  16552: ['mz_timestamp', 'bigint'],
}

const elements: Readonly<Record<number, number>> = {
  1000: 16,
  1001: 17,
  1005: 21,
  1007: 23,
  1009: 25,
  1015: 1043,
  1016: 20,
  1021: 700,
  1022: 701,
  1115: 1114,
  1182: 1082,
  1185: 1184,
  1231: 1700,
  2951: 2950,
}

export function typeName(oid: number): TypeName {
  const element = elements[oid]
  if (element !== undefined) {
    const { sql, ts } = typeName(element)
    return { sql: `${sql}[]`, ts: ts === 'unknown' ? 'readonly unknown[]' : `readonly (${ts} | null)[]` }
  }
  const [sql, ts] = names[oid] ?? [`type ${oid}`, 'string']
  return { sql, ts }
}
