import { expect, test } from 'vitest'
import { typeName } from '../../src/rows/type-names.js'
import { type Decoding, knownOids, serverType } from '../../src/rows/types.js'
import { valueDecoder } from '../../src/rows/values.js'

const samples: Readonly<Record<Decoding, string>> = {
  text: 'x',
  boolean: 't',
  integer: '7',
  bigint: '7',
  float: '0.5',
  numeric: '1.10',
  time: '2026-01-01',
  interval: '01:00:00',
  jsonb: '7',
  bytes: '\\x01',
  vector: '1 2',
  record: '(a,)',
  list: '{a,b}',
  map: '{a=>b}',
}

/** A value of a type, as the server writes it. */
function sample(oid: number): string {
  const type = serverType(oid)
  if (type.kind === 'scalar') return samples[type.decoding]
  if (type.kind === 'range') return `[${sample(type.bound)},)`
  return `{"${sample(type.element).replaceAll('\\', '\\\\')}",NULL}`
}

/** Whether a value is of a type that is written in TypeScript. */
function isOf(value: unknown, ts: string): boolean {
  const [, element] = /^readonly \((.*) \| null\)\[\]$/.exec(ts) ?? /^readonly (.*)\[\]$/.exec(ts) ?? []
  if (element) return Array.isArray(value) && value.every(each => each === null || isOf(each, element))
  const [, bound] = /^Range<(.*)>$/.exec(ts) ?? []
  if (bound) {
    const { lower, upper } = value as { lower: unknown; upper: unknown }
    return isOf(lower, bound) && upper === null
  }
  if (ts === 'unknown') return true
  if (ts === 'Uint8Array') return value instanceof Uint8Array
  if (ts.startsWith('Readonly<Record<')) return typeof value === 'object' && value !== null
  return typeof value === ts
}

test.each(knownOids.map(oid => [typeName(oid).sql, oid] as const))(
  'T83: a value of %s (OID %i) is of the type that is written for it',
  (sql, oid) => {
    const text = sample(oid)
    const value = valueDecoder(oid, {})?.(text) ?? text
    expect(isOf(value, typeName(oid).ts), typeName(oid).ts).toBe(true)
    expect(sql).not.toMatch(/^type \d/)
  },
)

test('T83: what is not known by its OID is text', () => {
  expect(typeName(20_001)).toEqual({ sql: 'type 20001', ts: 'string' })
  expect(valueDecoder(20_001, {})).toBeUndefined()
})
