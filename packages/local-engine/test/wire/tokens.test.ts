import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { tokensOf } from '../../src/wire/tokens.js'

function values(sql: string): string[] {
  return tokensOf(sql).map(token => token.value)
}

describe('cutting SQL into tokens', () => {
  it('folds words, and keeps what is quoted as it is', () => {
    expect(values(`SELECT "A ""b""", 'it''s', x1$ FROM T`)).toEqual([
      'select',
      'A "b"',
      ',',
      "it's",
      ',',
      'x1$',
      'from',
      't',
    ])
  })

  it('knows no token in a comment, also in a nested one', () => {
    expect(values('a -- ; tail\n/* b /* c */ ; d */ e')).toEqual(['a', 'e'])
  })

  it.each([
    ["'a;b'", 1],
    ["E'a\\'; b'", 1],
    ['$$a; b$$', 1],
    ['$tag$ a $$ ; $tag$', 1],
    ['"a;b"', 1],
    ['a;b', 3],
    ['1.5e-3', 1],
    ["'unclosed ; to the end", 1],
    ['/* unclosed ; ', 0],
  ])('takes %s for %i tokens', (sql, count) => {
    expect(tokensOf(sql)).toHaveLength(count)
  })

  it('loses nothing of any text but white space and comments', () => {
    const piece = fc.constantFrom(
      'a',
      '"b',
      "'c",
      '$$',
      '--',
      '/*',
      '*/',
      '\n',
      ' ',
      ';',
      '(',
      ')',
      '1.',
      "E'",
      '\\',
      'é',
      '😀',
    )
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 30 }), pieces => {
        const sql = pieces.join('')
        const tokens = tokensOf(sql)
        let end = 0
        for (const token of tokens) {
          expect(token.start).toBeGreaterThanOrEqual(end)
          expect(token.end).toBeGreaterThan(token.start)
          expect(sql.slice(end, token.start)).toMatch(/^(\s|--[^\n]*|\/\*[\s\S]*)*$/)
          end = token.end
        }
        expect(end).toBeLessThanOrEqual(sql.length)
      }),
    )
  })
})

it.each([
  ['a literal', (text: string) => `'${text}''${text}'`],
  ['an escape string', (text: string) => `E'${text}\\'''${text}'`],
  ['an identifier', (text: string) => `"${text}""${text}"`],
])('%s of many megabytes is one token', (_, write) => {
  const sql = write('\\\\x'.repeat(4_000_000))
  expect(tokensOf(`${sql};`).map(({ start, end }) => [start, end])).toEqual([
    [0, sql.length],
    [sql.length, sql.length + 1],
  ])
})

it('hundreds of thousands of comments are no tokens', () => {
  expect(values(`${'-- a line\n/* and */ '.repeat(500_000)}x`)).toEqual(['x'])
})
