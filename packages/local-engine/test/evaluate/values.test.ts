import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { convertArray } from '../../src/evaluate/arrays.js'
import { lineConversion } from '../../src/evaluate/columns.js'
import { compactJson } from '../../src/evaluate/json.js'
import { plainNumber, trimFloat, trimNumeric } from '../../src/evaluate/numbers.js'
import { escapeField, reescapeField, unescapeField } from '../../src/evaluate/text.js'

const bytes = fc.string({ unit: fc.integer({ min: 0, max: 255 }).map(code => String.fromCharCode(code)) })

describe('text fields', () => {
  it('say the same value in both escapes, for any bytes', () => {
    const postgres = (value: string): string =>
      value.replace(/[\\\b\f\n\r\t\v]/g, character => `\\${'\\bfnrtv'['\\\b\f\n\r\t\v'.indexOf(character)]}`)
    fc.assert(
      fc.property(bytes, value => {
        expect(unescapeField(postgres(value))).toBe(value)
        expect(reescapeField(postgres(value))).toBe(escapeField(value))
        expect(unescapeField(escapeField(value))).toBe(value)
        expect(escapeField(value)).not.toMatch(/[\n\r\t]/)
      }),
    )
  })

  it('leave NULL alone, and not the text that looks like it', () => {
    expect(reescapeField('\\N')).toBe('\\N')
    expect(reescapeField('\\\\N')).toBe('\\\\N')
  })
})

describe('numbers', () => {
  it.each([
    ['1.50', '1.5'],
    ['0.00', '0'],
    ['-0.00', '0'],
    ['100', '100'],
    ['100.0', '100'],
    ['-1.010', '-1.01'],
    ['NaN', 'NaN'],
    ['Infinity', 'Infinity'],
  ])('numeric %s is %s', (postgres, materialize) => {
    expect(trimNumeric(postgres)).toBe(materialize)
  })

  it.each([
    ['1e+16', '1e+16'],
    ['1.1920929e-07', '1.1920929e-7'],
    ['1.7976931348623157e+308', '1.7976931348623157e+308'],
    ['-0', '-0'],
  ])('float %s is %s', (postgres, materialize) => {
    expect(trimFloat(postgres)).toBe(materialize)
  })

  it.each([
    ['1e3', '1000'],
    ['-1.50E-2', '-0.015'],
    ['12.5e1', '125'],
    ['0e5', '0'],
    ['2.50', '2.5'],
  ])('JSON number %s is %s', (written, plain) => {
    expect(plainNumber(written)).toBe(plain)
  })

  it('keep their value, for any decimal', () => {
    fc.assert(
      fc.property(
        fc.double({ noNaN: true, noDefaultInfinity: true, min: -1e15, max: 1e15 }),
        fc.nat(3),
        (value, zeros) => {
          const text = `${value.toFixed(6)}${'0'.repeat(zeros)}`
          expect(Number(trimNumeric(text)) + 0).toBe(Number(text) + 0)
          expect(Number(plainNumber(String(value))) + 0).toBeCloseTo(value + 0, 6)
        },
      ),
    )
  })
})

describe('jsonb', () => {
  it('is compact, with keys in the order of their bytes and every digit', () => {
    const postgres =
      '{"b": 1, "aa": [1, 2.50, null, true, "x, y: {"], "a\\"": {}, "n": 12345678901234567890.10, "e": []}'
    expect(compactJson(postgres)).toBe(
      '{"a\\"":{},"aa":[1,2.5,null,true,"x, y: {"],"b":1,"e":[],"n":12345678901234567890.1}',
    )
  })

  it('means the same as before, for any value', () => {
    fc.assert(
      fc.property(fc.jsonValue(), value => {
        const text = JSON.stringify(value, undefined, 1)
        expect(JSON.parse(compactJson(text))).toEqual(JSON.parse(text))
      }),
    )
  })
})

describe('arrays', () => {
  it.each([
    ['{1,2,NULL}', '{1,2,NULL}'],
    ['{}', '{}'],
    ['{{1,2},{3,4}}', '{{1,2},{3,4}}'],
    ['{"null","NULL",nUlL}', '{null,"NULL",NULL}'],
    ['{a,"b c","q\\"x","back\\\\slash",""}', '{a,"b c","q\\"x","back\\\\slash",""}'],
    ['[2:3]={1,2}', '[2:3]={1,2}'],
  ])('%s is %s', (postgres, materialize) => {
    expect(convertArray(postgres, text => text)).toBe(materialize)
  })
})

describe('lines', () => {
  const column = (oid: number): { name: string; oid: number; typeLength: number; typmod: number } => ({
    name: 'c',
    oid,
    typeLength: -1,
    typmod: -1,
  })

  it('are converted field by field, by the type of the column', () => {
    const convert = lineConversion([1700, 25, 3802, 1186, 1231, 3906, 701].map(column))
    const postgres = [
      '1.50',
      'a\\bc',
      '{"a": "x\\\\ny"}',
      '1 mon 2 days',
      '{1.0,NULL}',
      '[1.50,2.0)',
      '1e-07',
    ].join('\t')
    const materialize = [
      '1.5',
      'a\bc',
      '{"a":"x\\\\ny"}',
      '1 month 2 days',
      '{1,NULL}',
      '[1.5,2)',
      '1e-7',
    ].join('\t')
    expect(convert(postgres)).toBe(materialize)
  })

  it('keep NULL in every type', () => {
    expect(lineConversion([1700, 3802, 25].map(column))('\\N\t\\N\t\\N')).toBe('\\N\t\\N\t\\N')
  })
})

it('a jsonb text of many megabytes is written like a short one', () => {
  const long = `"${'\\\\\\"x'.repeat(4_000_000)}"`
  expect(compactJson(`{"a": [${long}, 1.50]}`)).toBe(`{"a":[${long},1.5]}`)
})
