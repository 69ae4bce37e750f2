import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { copyField, copyLine, quoteLiteral, quoteName, quoteTable, sqlText } from '../../src/sinks/sql.js'
import { copyText } from '../support/table-server.js'

describe('text for COPY', () => {
  test('escapes what has a meaning in the format, and nothing else', () => {
    expect(copyField('a\tb\nc\rd\\e\bf\fg\v"h\' ü 🚀')).toBe('a\\tb\\nc\\rd\\\\e\\bf\\fg\\v"h\' ü 🚀')
    expect(copyField('')).toBe('')
    expect(copyField(null)).toBe('\\N')
    expect(copyField('\\N')).toBe('\\\\N')
    expect(copyField('\\.')).toBe('\\\\.')
  })

  test('any field comes back from the server as it was', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), text => {
        expect(copyText(copyField(text))).toBe(text)
      }),
    )
    expect(copyText(copyField(null))).toBeNull()
  })

  test('a line has one tab less than fields, and one newline, whatever is in them', () => {
    const field = fc.option(fc.string({ unit: fc.constantFrom('\t', '\n', '\\', 'N', '.', 'ü') }))
    fc.assert(
      fc.property(fc.array(field, { minLength: 1, maxLength: 5 }), fields => {
        const line = copyLine(fields)
        expect(line.endsWith('\n') && line.indexOf('\n') === line.length - 1).toBe(true)
        expect(line.slice(0, -1).split('\t').map(copyText)).toEqual(fields)
      }),
    )
  })

  test('values become what the server reads for their type', () => {
    const time = new Date('2024-02-29T12:00:00.123Z')
    const values = ['x', 1.5, 12n, true, null, time, { a: [1, 'b'] }]
    expect(values.map(sqlText)).toEqual([
      'x',
      '1.5',
      '12',
      'true',
      null,
      '2024-02-29T12:00:00.123Z',
      '{"a":[1,"b"]}',
    ])
  })
})

describe('names and literals', () => {
  test('are quoted by us, whatever is in them', () => {
    expect(quoteName('say "hi"; DROP')).toBe('"say ""hi""; DROP"')
    expect(quoteLiteral("O'Hara\\")).toBe("'O''Hara\\'")
    expect(quoteLiteral(null)).toBe('NULL')
  })

  test('a table is a name with dots between its parts, or its parts as they are', () => {
    expect(quoteTable('events')).toBe('"events"')
    expect(quoteTable('public.events')).toBe('"public"."events"')
    expect(quoteTable(['my.schema', 'events'])).toBe('"my.schema"."events"')
  })

  test.each([[''], ['a.'], [[]], [['a', '']]])('a table without a name is refused: %j', table => {
    expect(() => quoteTable(table)).toThrow(expect.objectContaining({ code: 'INVALID_OPTION' }))
  })
})
