import { expect, test } from 'vitest'
import { readArguments, sourceOf } from '../../src/cli/arguments.js'
import { isSqlText } from '../../src/sql/text.js'

const urlOf = (words: readonly string[], environment = {}): string =>
  readArguments(['v', ...words], environment).url

test.each([
  'select 1',
  'select*from t',
  'SELECT(1)',
  '/* what fires */ select 1',
  '-- what fires\nselect 1',
  'with a as (select 1) table a',
  'values (1)',
  '(select 1)',
  'select "a"',
])('%j is a query', text => {
  expect(isSqlText(sourceOf(text))).toBe(true)
})

test.each(['alerts', 'ops.alerts', 'selection', 'with_comments', 'select', 'table', 'values.v', ' alerts '])(
  '%j is the name of a relation',
  text => {
    expect(sourceOf(text)).toBe(text.trim())
  },
)

test('T82: a URL that is none, or of another database, is refused before anything connects', () => {
  for (const url of ['localhost:6875', 'mysql://localhost/x', 'http://localhost', ''])
    for (const command of [['v'], ['explain', 'v'], ['types', 'v']])
      expect(() => readArguments([...command, '--url', url], {})).toThrow('[INVALID_OPTION]')
  expect(() => readArguments(['v'], { MZ_URL: 'localhost:6875' })).toThrow('[INVALID_OPTION]')
})

test('a cluster is added to what options the URL has', () => {
  const url = urlOf(['--url', 'postgres://u@h/d?options=--search_path%3Dops', '--cluster', 'a b'])
  expect(new URL(url).searchParams.get('options')).toBe(String.raw`--search_path=ops --cluster=a\ b`)
  expect(urlOf(['--url', 'postgres://u:p%40@h/d'])).toBe('postgres://u:p%40@h/d')
})

test('TLS that is asked for in any of the usual words is verified, without a warning', () => {
  for (const mode of ['require', 'verify-ca', 'prefer', 'verify-full'])
    expect(new URL(urlOf(['--url', `postgres://h/d?sslmode=${mode}`])).searchParams.get('sslmode')).toBe(
      'verify-full',
    )
  for (const words of ['sslmode=disable', 'sslmode=no-verify', 'sslmode=require&uselibpqcompat=true'])
    expect(urlOf(['--url', `postgres://h/d?${words}`])).toBe(`postgres://h/d?${words}`)
})

test('what cannot be shown as a table is lines, on a terminal too', () => {
  expect(readArguments(['v'], {}).lines).toBe(false)
  for (const words of [
    ['--once'],
    ['--changes', 'id'],
    ['--progress'],
    ['--since-start'],
    ['--from', 'f'],
    ['--json'],
  ])
    expect(readArguments(['v', ...words], {}).lines).toBe(true)
})
