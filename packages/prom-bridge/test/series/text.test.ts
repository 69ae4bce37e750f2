import { expect, test } from 'vitest'
import { labelSet, labelText } from '../../src/series/text.js'

test.each([
  ['text', 'text'],
  ['', null],
  [null, null],
  [undefined, null],
  [true, 'true'],
  [42, '42'],
  [-0, '0'],
  [1e21, '1e+21'],
  [Number.NaN, 'NaN'],
  [2n ** 63n, '9223372036854775808'],
  [new Date(0), '1970-01-01T00:00:00.000Z'],
  [{ a: 1n, b: [null, 'x'] }, '{"a":"1","b":[null,"x"]}'],
  [['a', null], '["a",null]'],
  [Uint8Array.of(0, 255), '\\x00ff'],
  [Symbol('s'), 'Symbol(s)'],
  ['a\ud800b', 'a\ufffdb'],
  ['😀', '😀'],
])('B16: the label of %o is %j', (value, text) => {
  expect(labelText(value)).toBe(text)
})

test('a value that cannot be printed has a text all the same', () => {
  const cycle: { self?: unknown } = {}
  cycle.self = cycle
  expect(labelText(cycle)).toBe('unprintable')
  expect(labelText(new Date(Number.NaN))).toBe('unprintable')
  expect(labelText({ toJSON: () => undefined })).toBeNull()
})

test('labels stand in the order they were declared, without those that have no value', () => {
  expect(labelSet(['b', 'a', 'c'], ['1', null, '3'])).toBe('{b="1",c="3"}')
  expect(labelSet(['a'], [null])).toBe('')
  expect(labelSet([], [])).toBe('')
})

test('B5: backslash, quote and line feed are escaped, in this order, and nothing else is', () => {
  expect(labelSet(['a'], ['\\n"\n\r\t\0{},='])).toBe('{a="\\\\n\\"\\n\r\t\0{},="}')
})
