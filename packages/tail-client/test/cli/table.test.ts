import { expect, test } from 'vitest'
import { tableLines } from '../../src/cli/table.js'

const size = { columns: 40, rows: 7 }

test('a table is names, a rule, rows and where the stream is, in columns', () => {
  const rows = [
    { name: 'acme', n: 12n, data: { a: 1n } },
    { name: '漢字', n: 3n, data: null },
  ]
  expect(tableLines({ names: ['name', 'n', 'data'], rows, count: 2, status: '2 rows' }, size)).toEqual([
    'name  n   data',
    '────  ──  ─────────',
    'acme  12  {"a":"1"}',
    '漢字  3   NULL',
    '2 rows',
  ])
})

test('more rows than there is room for are counted, and long lines are cut', () => {
  const rows = Array.from({ length: 9 }, (_, i) => ({ v: `${i}`.repeat(50) }))
  const lines = tableLines({ names: ['v'], rows, count: 12, status: 'x' }, size)
  expect(lines).toHaveLength(size.rows)
  expect(lines[5]).toBe('… and 9 more')
  expect(lines[2]).toBe(`${'0'.repeat(39)}…`)
})

test('what data holds cannot steer the terminal', () => {
  const rows = [{ 'v\x07': '\x1b[31mred\r\n\x9b2J\u202ex\x7f' }]
  const text = tableLines({ names: ['v\x07'], rows, count: 1, status: '\x1b' }, size).join('')
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for.
  expect(text).not.toMatch(/[\u0000-\u001f\u007f-\u009f\u202e]/)
  expect(text).toContain('␛[31mred␍␊')
})
