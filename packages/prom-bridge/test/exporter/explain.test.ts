import { expect, test } from 'vitest'
import { explanation } from '../../src/exporter/explain.js'
import { plans } from '../../src/series/plan.js'
import type { ViewOptions } from '../../src/types.js'
import { batch, update } from '../support/source.js'

const columns = [
  { name: 'a', oid: 25 },
  { name: 'price', oid: 701 },
  { name: 'at', oid: 1184 },
  { name: 'own', oid: 16_400 },
]

function explained(
  options: Partial<ViewOptions>,
  rows: readonly Record<string, unknown>[],
): readonly string[] {
  const [plan] = plans([{ view: 'v', labels: { a: 'a' }, ...options }])
  if (!plan) throw new Error('no plan')
  return explanation(plan, {
    columns,
    snapshot: batch(
      'snapshot',
      rows.map(row => update(row)),
    ),
  })
}

const row = (a: unknown, price: unknown = 1): Record<string, unknown> => ({
  a,
  price,
  at: '2024-01-01',
  own: 1,
})

test('a view is shown with its columns and the series that it makes now', () => {
  expect(explained({}, [row('x')])).toEqual([
    'view v: 1 row, 1 series of v',
    '  columns: a text, price double precision (not exported), at timestamptz (not exported), own type 16400 (not exported)',
    '  v{a="x"} 1',
  ])
})

test('of many series the first are shown, and their number', () => {
  const lines = explained(
    {},
    Array.from({ length: 8 }, (_, index) => row(`${index}`)),
  )
  expect(lines.slice(2)).toHaveLength(6)
  expect(lines.at(-1)).toBe('  … and 3 more')
})

test.each<[string, Partial<ViewOptions>, readonly Record<string, unknown>[], string]>([
  [
    'a number as a label',
    { labels: { price: 'price' } },
    [row('x')],
    'label price (column price) is a double precision: with every change',
  ],
  [
    'a time as a label',
    { labels: { at: 'at' } },
    [row('x')],
    'label at (column at) is a timestamptz: every moment is another series. Use { ageOf: at }',
  ],
  [
    'a label with too many values',
    {},
    Array.from({ length: 1001 }, (_, index) => row(`${index}`)),
    'label a (column a) has 1001 values.',
  ],
  [
    'too many series',
    { labels: { b: row => row['a'] } },
    Array.from({ length: 10_001 }, (_, index) => row(`${index}`)),
    '10001 series are many',
  ],
  ['a limit that is near', { maxSeries: 2 }, [row('x'), row('y')], '2 of at most 2 series are used already.'],
  [
    'rows that share a series',
    {},
    [row('x', 1), row('x', 2)],
    '1 series are shared by several rows, of which the max is exported.',
  ],
  [
    'rows without a sample',
    { value: { column: 'price' } },
    [row('x', null)],
    '1 row without a sample: null_value.',
  ],
  [
    'rows that break a policy',
    { collisions: 'error' },
    [row('x', 1), row('x', 2)],
    '[SERIES_COLLISION] Rows of view "v" share the series',
  ],
])('it warns of %s', (_what, options, rows, warning) => {
  expect(explained(options, rows)).toContainEqual(expect.stringContaining(`  warning: ${warning}`))
})

test('a column that is not there is told with those that are', () => {
  expect(() => explained({ labels: { b: 'b' } }, [])).toThrow(
    'has no column "b". Its columns are: "a", "price", "at", "own".',
  )
})
