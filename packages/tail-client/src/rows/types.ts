/** How the text of a type is made a value. */
export type Decoding =
  | 'text'
  | 'boolean'
  | 'integer'
  | 'bigint'
  | 'float'
  | 'numeric'
  | 'time'
  | 'interval'
  | 'jsonb'
  | 'bytes'
  | 'vector'
  | 'record'
  | 'list'
  | 'map'

/** A type of the server: its name in SQL, and how its values are made; of arrays and ranges, what they are made of. */
export type ServerType =
  | { readonly kind: 'scalar'; readonly sql: string; readonly decoding: Decoding }
  | { readonly kind: 'array'; readonly element: number }
  | { readonly kind: 'range'; readonly sql: string; readonly bound: number }

/**
 * By OID (https://materialize.com/docs/sql/types/); those from 16384 on are Materialize's own. What is not here is given as the text that
 * the server writes.
 */
const scalars: Readonly<Record<number, readonly [sql: string, decoding: Decoding]>> = {
  16: ['boolean', 'boolean'],
  17: ['bytea', 'bytes'],
  18: ['"char"', 'text'],
  19: ['name', 'text'],
  20: ['bigint', 'bigint'],
  21: ['smallint', 'integer'],
  22: ['int2vector', 'vector'],
  23: ['integer', 'integer'],
  24: ['regproc', 'text'],
  25: ['text', 'text'],
  26: ['oid', 'integer'],
  114: ['json', 'text'],
  700: ['real', 'float'],
  701: ['double precision', 'float'],
  1033: ['aclitem', 'text'],
  1042: ['character', 'text'],
  1043: ['character varying', 'text'],
  1082: ['date', 'time'],
  1083: ['time', 'text'],
  1114: ['timestamp', 'time'],
  1184: ['timestamptz', 'time'],
  1186: ['interval', 'interval'],
  1700: ['numeric', 'numeric'],
  2205: ['regclass', 'text'],
  2206: ['regtype', 'text'],
  2249: ['record', 'record'],
  2950: ['uuid', 'text'],
  3802: ['jsonb', 'jsonb'],
  16384: ['list', 'list'],
  16385: ['map', 'map'],
  16460: ['uint2', 'integer'],
  16462: ['uint4', 'integer'],
  16464: ['uint8', 'bigint'],
  16552: ['mz_timestamp', 'bigint'],
  16566: ['mz_aclitem', 'text'],
}

const ranges: Readonly<Record<number, readonly [sql: string, bound: number]>> = {
  3904: ['int4range', 23],
  3906: ['numrange', 1700],
  3908: ['tsrange', 1114],
  3910: ['tstzrange', 1184],
  3912: ['daterange', 1082],
  3926: ['int8range', 20],
}

/** What the elements of each array type are; the numbers of array types follow no rule. */
const elements: Readonly<Record<number, number>> = {
  1000: 16,
  1001: 17,
  1002: 18,
  1003: 19,
  1005: 21,
  1006: 22,
  1007: 23,
  1008: 24,
  1009: 25,
  1014: 1042,
  1015: 1043,
  1016: 20,
  1021: 700,
  1022: 701,
  1028: 26,
  1034: 1033,
  1115: 1114,
  1182: 1082,
  1183: 1083,
  1185: 1184,
  1187: 1186,
  1231: 1700,
  2210: 2205,
  2211: 2206,
  2287: 2249,
  2951: 2950,
  3807: 3802,
  3905: 3904,
  3907: 3906,
  3909: 3908,
  3911: 3910,
  3913: 3912,
  3927: 3926,
  16461: 16460,
  16463: 16462,
  16465: 16464,
  16553: 16552,
  16567: 16566,
}

/** Every type that is known by its OID. */
export const knownOids: readonly number[] = [scalars, ranges, elements].flatMap(table =>
  Object.keys(table).map(Number),
)

export function serverType(oid: number): ServerType {
  const element = elements[oid]
  if (element !== undefined) return { kind: 'array', element }
  const range = ranges[oid]
  if (range) return { kind: 'range', sql: range[0], bound: range[1] }
  const [sql, decoding] = scalars[oid] ?? [`type ${oid}`, 'text']
  return { kind: 'scalar', sql, decoding }
}
