import { expect, test } from 'vitest'
import { familyText, header, valueText } from '../../src/exposition/format.js'
import { parseExposition } from '../support/parse.js'

test.each([
  [1, '1'],
  [-0.5, '-0.5'],
  [-0, '0'],
  [1e21, '1e+21'],
  [1e-7, '1e-7'],
  [Number.NaN, 'NaN'],
  [Number.POSITIVE_INFINITY, '+Inf'],
  [Number.NEGATIVE_INFINITY, '-Inf'],
])('B16: the value %d is written %s', (value, text) => {
  expect(valueText(value)).toBe(text)
})

test('B5: help may be any text: backslash and line feed are escaped, quotes are not', () => {
  const text = `${header('x', 'a\\n"b"\n# TYPE y gauge', 'gauge')}x 1\n`
  expect(text).toBe('# HELP x a\\\\n"b"\\n# TYPE y gauge\n# TYPE x gauge\nx 1\n')
  expect(parseExposition(text).get('x')?.help).toBe('a\\n"b"\n# TYPE y gauge')
})

test('a family without samples is not there', () => {
  expect(familyText({ name: 'x', help: 'X.', type: 'gauge', samples: [] })).toBe('')
})
