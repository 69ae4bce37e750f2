import { describe, expect, test } from 'vitest'
import { rowDecoder } from '../../src/rows/row.js'
import { decode } from '../support/decode.js'
import { bytesOf, columnCount, recording, relationColumns } from '../support/golden.js'
import { rowOf } from '../support/rows.js'

const common = {
  b: true,
  i2: -7,
  i4: 123456,
  i8: 9007199254740993n,
  f4: 3.5,
  f8: 0.1,
  fnan: Number.NaN,
  fninf: Number.NEGATIVE_INFINITY,
  n: '12345678901234567890.123456789',
  n2: '1.5',
  t: 'txt',
  vc: 'vc',
  ch: 'ch   ',
  d: '2020-02-29',
  tm: '13:14:15.678',
  ts: '2020-01-02 03:04:05.678901',
  tz: '2020-01-02 01:04:05+00',
  iv: '1 year 2 months 3 days 04:05:06.7',
  j: { a: 'é', b: [1, 2.5, null] },
  u: 'a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11',
  by: Uint8Array.of(0, 255, 65),
  ai: [1, null, 3],
  at: ['a', 'b c', null, 'q"x'],
  l: ['1', '2'],
  m: { a: '1', b: '2' },
  r: ['1', 'a b', null],
  nul: null,
  o: 42,
}

describe.each([
  ['tail', common],
  [
    'subscribe',
    {
      ...common,
      u2: 7,
      u4: 8,
      u8: 18446744073709551615n,
      rg: { lower: 1, upper: 5, bounds: '[)' },
      rn: { lower: null, upper: null, bounds: '()' },
      mt: 1700000000000n,
      ll: [['1'], ['2', '3']],
      mm: { 'k k': { x: null } },
    },
  ],
] as const)('%s', (generation, expected) => {
  test('every type that the server has comes out as documented', () => {
    const stream = recording(generation, '06')
    const { batches } = decode(Buffer.concat(stream.messages.map(bytesOf)), {
      generation,
      columnCount: columnCount(stream),
    })
    const row = rowOf(batches[0]?.updates[0]?.raw ?? '', relationColumns(stream))
    expect(JSON.parse(JSON.stringify(row, plain))).toEqual(JSON.parse(JSON.stringify(expected, plain)))
    expect(Object.keys(row)).toEqual(Object.keys(expected))
  })
})

function plain(_: string, value: unknown): unknown {
  return typeof value === 'bigint' ? `${value}n` : typeof value === 'number' ? String(value) : value
}

function one(oid: number, raw: string, options = {}): unknown {
  return rowOf(raw, [{ name: 'x', oid }], options)['x']
}

test('dates can be Dates: with seconds of 60, before Christ, and in the years below 100', () => {
  const date = { time: 'date' }
  expect(one(1114, '2019-07-24 23:59:60.1234', date)).toEqual(new Date('2019-07-25T00:00:00.123Z'))
  expect(one(1184, '2020-01-02 01:04:05+00', date)).toEqual(new Date('2020-01-02T01:04:05.000Z'))
  expect(one(1082, '4714-11-24 BC', date)).toEqual(new Date('-004713-11-24T00:00:00.000Z'))
  expect(one(1082, '0050-02-03', date)).toEqual(new Date('0050-02-03T00:00:00.000Z'))
})

test('int8 and numeric are given as the user asks, and never silently wrong', () => {
  expect(one(20, '-9223372036854775808')).toBe(-9223372036854775808n)
  expect(one(20, '42', { int8: 'number' })).toBe(42)
  expect(() => one(20, '9007199254740993', { int8: 'number' })).toThrow(
    "[DECODE] Column x (type OID 20) holds \"9007199254740993\": 9007199254740993 is no safe integer. Use int8: 'bigint' or 'string'.",
  )
  expect(one(1700, '1.5', { numeric: 'number' })).toBe(1.5)
})

test('T35: NULL in an array is SQL NULL only when written in capitals and without quotes', () => {
  expect(one(1009, '{NULL,null,"NULL",""}')).toEqual([null, 'null', 'NULL', ''])
  expect(one(16384, String.raw`{{a,"white space"},{NULL,""},{"escape\\"m\\\\e",nUlL}}`)).toEqual([
    ['a', 'white space'],
    [null, ''],
    [String.raw`escape"m\e`, 'nUlL'],
  ])
  expect(one(1007, '[0:1]={1,2}')).toEqual([1, 2])
  expect(one(1007, '{}')).toEqual([])
})

test('maps may have any key', () => {
  expect(one(16385, '{"__proto__"=>1,"a=>"=>"x, y"}')).toEqual(
    Object.assign(Object.create(null), { ['__proto__']: '1', 'a=>': 'x, y' }),
  )
})

test('T35: a column may have any name, and NULL, the empty string and the text \\N are three things', () => {
  const names = ['__proto__', 'constructor', 'Größe "x"']
  const row = rowOf(
    '\\N\t\t\\\\N',
    names.map(name => ({ name, oid: 25 })),
  )
  expect(Object.entries(row)).toEqual([
    ['__proto__', null],
    ['constructor', ''],
    ['Größe "x"', '\\N'],
  ])
})

test('T36: two columns of one name are refused, since one would be lost', () => {
  expect(() =>
    rowDecoder(
      [
        { name: 'a', oid: 25 },
        { name: 'a', oid: 25 },
      ],
      {},
    ),
  ).toThrow('[DUPLICATE_COLUMN]')
})

test('T36: a row with another number of columns is refused', () => {
  const columns = [
    { name: 'a', oid: 25 },
    { name: 'b', oid: 25 },
  ]
  expect(() => rowOf('1', columns)).toThrow('[SCHEMA_MISMATCH]')
  expect(() => rowOf('1\t2\t3', columns)).toThrow('[SCHEMA_MISMATCH]')
})

test('a column may have a parser of its own, which sees the text of the server and never NULL', () => {
  const columns = [
    { name: 'price', oid: 1700 },
    { name: 'note', oid: 25 },
  ]
  const parse = {
    price: (text: string) => Math.round(Number(text) * 100),
    note: (text: string) => text.length,
  }
  expect(rowOf('1.5\ta\\tb', columns, { parse })).toEqual({ price: 150, note: 3 })
  expect(rowOf('\\N\t', columns, { parse })).toEqual({ price: null, note: 0 })
  const failing = (): never => {
    throw new Error('no')
  }
  expect(() => rowOf('1.5\t', columns, { parse: { price: failing } })).toThrow(
    '[DECODE] Column price (type OID 1700) holds "1.5"',
  )
  expect(() => rowDecoder(columns, { parse: { prise: Number } })).toThrow(
    '[SCHEMA_MISMATCH] parse names "prise"; the columns are price, note.',
  )
})
