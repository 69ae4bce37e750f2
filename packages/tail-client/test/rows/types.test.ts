import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { tail } from '../../src/index.js'
import type { ValueOptions } from '../../src/types/values.js'
import { decode } from '../support/decode.js'
import { bytesOf, columnCount, relationColumns, textStreams } from '../support/golden.js'
import { rowOf } from '../support/rows.js'

function one(oid: number, field: string, options: ValueOptions = {}): unknown {
  return rowOf(field, [{ name: 'x', oid }], options)['x']
}

const bigList = String.raw`{{a,"white space"},{NULL,""},{"escape\\"m\\\\e",nUlL}}`

/** Fields as they stand in COPY text, of servers' own tests and of their encoders: OID, text, value. */
const vectors: readonly (readonly [string, number, string, unknown])[] = [
  ['bool', 16, 't', true],
  ['bool', 16, 'f', false],
  ['NULL', 23, '\\N', null],
  ['int2', 21, '-32768', -32768],
  ['int4', 23, '-2147483648', -2147483648],
  ['int8', 20, '-9223372036854775808', -9223372036854775808n],
  ['uint2', 16460, '32768', 32768],
  ['uint4', 16462, '4294967295', 4294967295],
  ['uint8', 16464, '18446744073709551615', 18446744073709551615n],
  ['float4', 700, '-3.4028235e+38', -3.4028235e38],
  ['float4', 700, '1.1920929e-7', 1.1920929e-7],
  ['float8', 701, '1.7976931348623157e+308', Number.MAX_VALUE],
  ['float8', 701, 'NaN', Number.NaN],
  ['float8', 701, '-Infinity', Number.NEGATIVE_INFINITY],
  ['float8', 701, '-0', -0],
  ['numeric', 1700, '0.0000000000000002220446049250313', '0.0000000000000002220446049250313'],
  ['numeric', 1700, 'NaN', 'NaN'],
  ['date', 1082, '4714-11-24 BC', '4714-11-24 BC'],
  ['date', 1082, '262142-12-31', '262142-12-31'],
  ['time', 1083, '23:59:59.999999', '23:59:59.999999'],
  ['timestamp', 1114, '2019-07-24 23:59:60.1234', '2019-07-24 23:59:60.1234'],
  ['timestamptz', 1184, '4714-12-31 00:00:00+00 BC', '4714-12-31 00:00:00+00 BC'],
  ['interval', 1186, '-1 months -1 days -00:00:00.000001', '-1 months -1 days -00:00:00.000001'],
  ['bytea', 17, '\\\\x', Uint8Array.of()],
  ['bytea', 17, '\\\\x00ff', Uint8Array.of(0, 255)],
  ['text', 25, '', ''],
  ['text', 25, String.raw`\\\t\n\rtest\\N`, '\\\t\n\rtest\\N'],
  ['text', 25, '\b\0\v', '\b\0\v'],
  ['char', 1042, ' ', ' '],
  ['jsonb', 3802, 'true', true],
  ['jsonb', 3802, 'null', null],
  ['jsonb', 3802, String.raw`"\\""`, '"'],
  ['jsonb', 3802, '{"a":[1,2.5],"b":1}', { a: [1, 2.5], b: 1 }],
  ['uuid', 2950, '00000000-0000-0000-0000-000000000000', '00000000-0000-0000-0000-000000000000'],
  ['mz_timestamp', 16552, '18446744073709551615', 18446744073709551615n],
  ['oid', 26, '4294967295', 4294967295],
  ['int2vector', 22, '1 2 3', [1, 2, 3]],
  ['int2vector', 22, '', []],
  ['int4[]', 1007, '{1,2,NULL}', [1, 2, null]],
  ['text[]', 1009, '{}', []],
  ['text[]', 1009, '{o,"}"}', ['o', '}']],
  ['text[] with an arrow', 1009, '{a=>b,c}', ['a=>b', 'c']],
  [
    'int4[][]',
    1007,
    '{{1,2},{3,4}}',
    [
      [1, 2],
      [3, 4],
    ],
  ],
  ['uint8[]', 16465, '{18446744073709551615}', [18446744073709551615n]],
  ['bytea[]', 1001, String.raw`{"\\\\x00",NULL}`, [Uint8Array.of(0), null]],
  ['jsonb[]', 3807, String.raw`{"{\\"a\\":1}",null}`, [{ a: 1 }, null]],
  [
    'list',
    16384,
    bigList,
    [
      ['a', 'white space'],
      [null, ''],
      ['escape"m\\e', 'nUlL'],
    ],
  ],
  ['list', 16384, '{foo,NULL,null,"NULL"}', ['foo', null, 'null', 'NULL']],
  ['list with an arrow', 16384, '{a=>b,c}', ['a=>b', 'c']],
  ['list of lists', 16384, '{{1,2},{3},{}}', [['1', '2'], ['3'], []]],
  ['list of maps', 16384, '{{a=>1},{b=>{c=>NULL}}}', [{ a: '1' }, { b: { c: null } }]],
  ['list of lists of which not all are arrows', 16384, '{{a=>1,b}}', [['a=>1', 'b']]],
  ['map', 16385, '{a=>1,c=>3}', { a: '1', c: '3' }],
  ['map', 16385, '{}', {}],
  ['map', 16385, '{"a=>"=>2}', { 'a=>': '2' }],
  ['map', 16385, '{hello=>{world=>nested}}', { hello: { world: 'nested' } }],
  ['map', 16385, '{13=>"hello [=>     value]",31=>normal}', { 13: 'hello [=>     value]', 31: 'normal' }],
  ['map of lists', 16385, '{a=>{1,2},b=>NULL}', { a: ['1', '2'], b: null }],
  ['record', 2249, '(1,2,"(3,4)","(5,6,7)")', ['1', '2', '(3,4)', '(5,6,7)']],
  ['record', 2249, '(,"")', [null, '']],
  ['record', 2249, String.raw`("a ""b"" \\\\",c)`, ['a "b" \\', 'c']],
  ['record', 2249, '()', []],
  [
    'record[]',
    2287,
    '{"(1,a)","(2,)"}',
    [
      ['1', 'a'],
      ['2', null],
    ],
  ],
  ['int4range', 3904, '[1,3)', { lower: 1, upper: 3, bounds: '[)' }],
  ['int4range', 3904, 'empty', { lower: null, upper: null, bounds: 'empty' }],
  ['int4range', 3904, '(,5)', { lower: null, upper: 5, bounds: '()' }],
  ['int8range', 3926, '[9007199254740993,)', { lower: 9007199254740993n, upper: null, bounds: '[)' }],
  ['numrange', 3906, '(1.5,2.25]', { lower: '1.5', upper: '2.25', bounds: '(]' }],
  ['tsrange', 3908, '["2020-01-01 00:00:00",)', { lower: '2020-01-01 00:00:00', upper: null, bounds: '[)' }],
  [
    'int4range[]',
    3905,
    '{empty,"(,1)","[-1,1)"}',
    [
      { lower: null, upper: null, bounds: 'empty' },
      { lower: null, upper: 1, bounds: '()' },
      { lower: -1, upper: 1, bounds: '[)' },
    ],
  ],
]

test.each([...vectors])('T11: %s (OID %i) %s is the value that it stands for', (_, oid, field, value) => {
  expect(one(oid, field)).toEqual(value)
})

describe.each(textStreams().map(stream => [`${stream.generation} ${stream.name}`, stream] as const))(
  '%s',
  (_, stream) => {
    test('T11: every column of every row of every recording is decoded, whatever is asked for', () => {
      const { batches } = decode(Buffer.concat(stream.messages.map(bytesOf)), {
        generation: stream.generation,
        columnCount: columnCount(stream),
      })
      const columns = relationColumns(stream)
      const wishes: readonly ValueOptions[] = [
        {},
        { int8: 'string', jsonb: 'string' },
        { numeric: 'number', time: 'date', interval: 'parts' },
        { numeric: text => [text], time: text => [text], jsonb: text => [text] },
      ]
      for (const wish of wishes) {
        for (const { updates } of batches)
          for (const { raw } of updates) {
            const fields = raw === '' && columns.length === 0 ? [] : raw.split('\t')
            const row = rowOf(raw, columns, wish)
            expect(Object.keys(row)).toEqual(columns.map(({ name }) => name))
            for (const [index, { name }] of columns.entries())
              expect(row[name] === null).toBe(fields[index] === '\\N')
          }
      }
    })
  },
)

test('T12: numbers, times, intervals and JSON are given as the user asks', () => {
  expect(one(1700, '1.5', { numeric: text => text.split('.') })).toEqual(['1', '5'])
  expect(one(1231, '{1.5,NULL}', { numeric: 'number' })).toEqual([1.5, null])
  expect(one(1182, '{2020-02-29}', { time: 'date' })).toEqual([new Date('2020-02-29T00:00:00.000Z')])
  expect(one(3912, '[2020-01-01,)', { time: 'date' })).toEqual({
    lower: new Date('2020-01-01T00:00:00.000Z'),
    upper: null,
    bounds: '[)',
  })
  expect(one(1184, '2020-01-02 01:04:05+00', { time: text => text.length })).toBe(22)
  const big = '{"n":12345678901234567890.123456789}'
  expect(one(3802, big)).toEqual({ n: 12345678901234567000 })
  expect(one(3802, big, { jsonb: 'string' })).toBe(big)
  expect(one(3802, big, { jsonb: text => /n":([\d.]+)/.exec(text)?.[1] })).toBe(
    '12345678901234567890.123456789',
  )
})

test('T12: an interval can be taken apart, in the words of both servers', () => {
  const parts = (field: string): unknown => one(1186, field, { interval: 'parts' })
  expect(parts('1 year 2 months 3 days 04:05:06.7')).toEqual({
    months: 14,
    days: 3,
    microseconds: 14_706_700_000n,
  })
  expect(parts('1 year 2 mons 3 days 04:05:06.7')).toEqual(parts('1 year 2 months 3 days 04:05:06.7'))
  expect(parts('00:00:00')).toEqual({ months: 0, days: 0, microseconds: 0n })
  expect(parts('-1 months -1 days -00:00:00.000001')).toEqual({ months: -1, days: -1, microseconds: -1n })
  expect(parts('-1 days +00:00:01')).toEqual({ months: 0, days: -1, microseconds: 1_000_000n })
  expect(parts('178956970 years 7 months 2147483647 days 2562047788:00:54.775807')).toEqual({
    months: 2147483647,
    days: 2147483647,
    microseconds: 9223372036854775807n,
  })
})

test.each([
  [16, 'true'],
  [17, 'x00'],
  [17, '\\\\x0'],
  [17, '\\\\x0g'],
  [20, ''],
  [20, 'a'],
  [20, '1.5'],
  [23, ''],
  [23, '1.5'],
  [23, 'x'],
  [701, ''],
  [701, '1,5'],
  [1007, '{1'],
  [1007, '{1}}'],
  [1007, '{a}'],
  [1009, '{"a}'],
  [16385, '{a}'],
  [2249, '(1'],
  [2249, '1,2'],
  [2249, '("a)'],
  [3904, '[1,5'],
  [3904, '1,5)'],
  [3904, '[1;5)'],
  [3802, '{"a":}'],
])('T13: a value of type %i that reads %j is refused, with its column, and never guessed', (oid, field) => {
  expect(() => one(oid, field)).toThrow(`[DECODE] Column x (type OID ${oid}) holds `)
})

test('T13: what is not an interval or a date is refused where one is asked for', () => {
  for (const field of ['', '1 fortnight', '1 day 1', '00:00', '1 year 00:00:00 x'])
    expect(() => one(1186, field, { interval: 'parts' })).toThrow('[DECODE]')
  expect(() => one(1082, 'today', { time: 'date' })).toThrow('[DECODE]')
  expect(() => one(1700, 'many', { numeric: 'number' })).toThrow('[DECODE]')
})

test('T12: how values are to be given is checked before anything happens', () => {
  const connection = 'postgres://x'
  for (const [name, wrong] of Object.entries({
    int8: 'float',
    numeric: 'decimal',
    time: 'Date',
    interval: 'ms',
    jsonb: 'object',
  }))
    expect(() => tail('v', { connection, [name]: wrong })).toThrow(`[INVALID_OPTION] ${name} is `)
  expect(() => tail('v', { connection, parse: { a: 'number' as never } })).toThrow(
    '[INVALID_OPTION] parse.a is "number"',
  )
})

test('T35: any text survives in an array, a list, a map, a record and a range', () => {
  const quote = (text: string): string => `"${text.replace(/[\\"]/g, '\\$&')}"`
  const inRecord = (text: string): string => `"${text.replace(/["\\]/g, '$&$&')}"`
  const copied = (text: string): string =>
    text.replace(/[\\\n\r\t]/g, char => ({ '\\': '\\\\', '\n': '\\n', '\r': '\\r' })[char] ?? '\\t')
  fc.assert(
    fc.property(fc.array(fc.string({ unit: 'grapheme' }), { minLength: 1 }), texts => {
      const list = copied(`{${texts.map(quote).join(',')}}`)
      expect(one(1009, list)).toEqual(texts)
      expect(one(16384, list)).toEqual(texts)
      const map = copied(`{${texts.map((text, i) => `${quote(`${i}${text}`)}=>${quote(text)}`).join(',')}}`)
      expect(Object.values(one(16385, map) as object).sort()).toEqual([...texts].sort())
      expect(one(2249, copied(`(${texts.map(inRecord).join(',')})`))).toEqual(texts)
      expect(one(3906, copied(`[${inRecord(texts[0] ?? '')},)`))).toMatchObject({ lower: texts[0] })
    }),
  )
})
