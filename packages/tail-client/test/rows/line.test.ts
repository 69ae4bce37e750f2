import { expect, test } from 'vitest'
import { viewOf } from '../../src/copy/lines.js'
import { LineParser } from '../../src/rows/line.js'

function parse(...lines: readonly string[]): unknown[] {
  const seen: unknown[] = []
  const parser = new LineParser({
    update: (timestamp, diff, bytes, _, from, to) =>
      seen.push([timestamp, diff, bytes.toString('utf8', from, to)]) > 0,
    progress: timestamp => seen.push(timestamp),
  })
  for (const line of lines) {
    const bytes = Buffer.from(line)
    parser.parse(bytes, viewOf(bytes), 0, bytes.length)
  }
  return seen
}

test('progress is told by mz_progressed, never by NULLs', () => {
  expect(parse('10\tt\t\\N\t\\N', '10\tf\t1\t\\N', '11\tf\t-3\t')).toEqual([
    10n,
    [10n, 1, '\\N'],
    [11n, -3, ''],
  ])
})

test('timestamps keep all their digits, and one that begins like another is another', () => {
  expect(parse('18446744073709551615\tt\t\\N', '1\tt\t\\N', '10\tt\t\\N', '1\tf\t1\ta')).toEqual([
    18446744073709551615n,
    1n,
    10n,
    [1n, 1, 'a'],
  ])
})

test('T36: a relation without columns has rows all the same', () => {
  expect(parse('5\tf\t2')).toEqual([[5n, 2, '']])
})

test.each([
  '',
  'x\tf\t1\ta',
  '5',
  '5\tf',
  '5\tf\t\ta',
  '5\tf\t0\ta',
  '5\tf\t1.5\ta',
  '5\tf\t9007199254740993\ta',
  '5\tq\t1\ta',
  '5\tfalse\t1\ta',
])('the line %j is refused', line => {
  expect(() => parse(line)).toThrow('[PROTOCOL]')
})
