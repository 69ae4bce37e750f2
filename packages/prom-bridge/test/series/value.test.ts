import { expect, test } from 'vitest'
import { sampleValue } from '../../src/series/value.js'

test.each([
  [5, 5],
  [2n ** 53n + 1n, 2 ** 53],
  ['12.50', 12.5],
  ['-1e-7', -1e-7],
  ['12345678901234567890123456789012345678.9', 1.2345678901234568e37],
  ['NaN', Number.NaN],
  ['Infinity', Number.POSITIVE_INFINITY],
  ['-Infinity', Number.NEGATIVE_INFINITY],
  [true, 1],
  [false, 0],
  [new Date(1500), 1.5],
  ['1970-01-01 00:00:01.5', 1.5],
  ['1970-01-01 01:00:01.5+01', 1.5],
  ['1970-01-02', 86_400],
])('B16: the sample of %o is %d', (value, sample) => {
  expect(sampleValue(value)).toBe(sample)
})

test.each([
  [null, 'null_value'],
  [undefined, 'null_value'],
  ['', 'not_a_number'],
  ['2022-13-24', 'not_a_number'],
  [' 1', 'not_a_number'],
  ['0x10', 'not_a_number'],
  ['1_000', 'not_a_number'],
  ['one', 'not_a_number'],
  [{}, 'not_a_number'],
  [[1], 'not_a_number'],
  [new Date(Number.NaN), 'not_a_number'],
  [Symbol('s'), 'not_a_number'],
])('%o has no sample, because it is a %s', (value, reason) => {
  expect(sampleValue(value)).toBe(reason)
})
