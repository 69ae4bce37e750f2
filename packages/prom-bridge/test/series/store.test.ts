import type { Batch, UnknownRow } from '@mzalert/tail-client'
import { beforeEach, describe, expect, test } from 'vitest'
import type { Delta } from '../../src/series/delta.js'
import { plans } from '../../src/series/plan.js'
import { finish } from '../../src/series/slices.js'
import { SeriesStore } from '../../src/series/store.js'
import type { ViewOptions } from '../../src/types.js'
import { alert, alertLabels, batch, update } from '../support/source.js'

/** A store whose batches are applied at once. */
class WholeStore {
  readonly #store: SeriesStore

  constructor(store: SeriesStore) {
    this.#store = store
  }

  get counts(): SeriesStore['counts'] {
    return this.#store.counts
  }

  columnsChanged(): void {
    this.#store.columnsChanged()
  }

  apply(given: Batch<UnknownRow>): Delta {
    return finish(this.#store.apply(given))
  }
}

function storeOf(more: Partial<ViewOptions> = {}): WholeStore {
  const [plan] = plans([{ view: 'v', labels: alertLabels, ...more }])
  if (!plan) throw new Error('no plan')
  return new WholeStore(new SeriesStore(plan))
}

/** A delta as text: what was added, removed and changed. */
function shown({ added, removed, changed }: Delta): readonly string[] {
  return [
    ...[...added].map(({ labels, value }) => `+${labels} ${value}`),
    ...[...removed].map(({ labels }) => `-${labels}`),
    ...[...changed].map(({ labels, value }) => `=${labels} ${value}`),
  ]
}

const spike = (organization: string): string =>
  `{alert_cond="deployment_spike",organization="${organization}"}`
let store = storeOf()
const apply = (given: Batch<UnknownRow>): readonly string[] => shown(store.apply(given))

beforeEach(() => {
  store = storeOf()
  store.apply(batch('snapshot'))
})

test('a row that appears makes a series, and a row that goes takes it', () => {
  expect(apply(batch('changes', [update(alert('A'))]))).toEqual([`+${spike('A')} 1`])
  expect(apply(batch('changes', [update(alert('A'), -1)]))).toEqual([`-${spike('A')}`])
  expect(store.counts).toMatchObject({
    rows: 0,
    series: 0,
    batchesTotal: 3,
    insertsTotal: 1,
    deletesTotal: 1,
  })
})

test('B6: a row that is there twice goes with its last copy', () => {
  expect(apply(batch('changes', [update(alert('A'), 2)]))).toEqual([`+${spike('A')} 1`])
  expect(apply(batch('changes', [update(alert('A'), -1)]))).toEqual([])
  expect(store.counts.rows).toBe(1)
  expect(apply(batch('changes', [update(alert('A'), -1)]))).toEqual([`-${spike('A')}`])
})

test('B7: a retraction may come before what it retracts', () => {
  expect(apply(batch('changes', [update(alert('A'), -1), update(alert('A'), 2)]))).toEqual([
    `+${spike('A')} 1`,
  ])
})

test('B11: what comes and goes within a batch was never there', () => {
  expect(apply(batch('changes', [update(alert('A')), update(alert('A'), -1)]))).toEqual([])
  expect(store.counts).toMatchObject({ rows: 0, series: 0, negativeRows: 0 })
})

test('B8: a row that is retracted more often than inserted is counted, not published, and cancels out later', () => {
  expect(apply(batch('changes', [update(alert('A'), -1)]))).toEqual([])
  expect(store.counts).toMatchObject({ rows: 0, series: 0, negativeRows: 1 })
  expect(apply(batch('changes', [update(alert('A'))]))).toEqual([])
  expect(store.counts.negativeRows).toBe(0)
  expect(apply(batch('changes', [update(alert('A'))]))).toEqual([`+${spike('A')} 1`])
})

test('B9: a label that changes takes the old series and makes the new one at once', () => {
  store.apply(batch('changes', [update(alert('A'))]))
  expect(apply(batch('changes', [update(alert('A'), -1), update(alert('B'))]))).toEqual([
    `+${spike('B')} 1`,
    `-${spike('A')}`,
  ])
})

test('B29: a second snapshot states the contents anew, and only the difference is applied', () => {
  store.apply(batch('changes', [update(alert('A')), update(alert('B'))]))
  const delta = store.apply(batch('snapshot', [update(alert('B')), update(alert('C'))]))
  expect(shown(delta)).toEqual([`+${spike('C')} 1`, `-${spike('A')}`])
  expect(delta.isSnapshot).toBe(false)
  expect(store.counts).toMatchObject({ insertsTotal: 3, deletesTotal: 1 })
})

test('a row whose text stays is read anew where the columns have changed', () => {
  const before = { ...update(alert('x', 'A')), raw: 'A\tx' }
  const after = { ...update(alert('A', 'x')), raw: 'A\tx' }
  store.apply(batch('changes', [before, update(alert('same'))]))
  store.columnsChanged()
  expect(() => store.apply(batch('snapshot', [{ ...before, row: { labels: 'x' } }]))).toThrow('alert_cond')
  expect(apply(batch('snapshot', [after, update(alert('same'))]))).toEqual([
    '+{alert_cond="x",organization="A"} 1',
    '-{alert_cond="A",organization="x"}',
  ])
  expect(apply(batch('changes', [{ ...after, diff: -1 }]))).toEqual(['-{alert_cond="x",organization="A"}'])
  expect(store.counts).toMatchObject({ rows: 1, series: 1, negativeRows: 0 })
})

describe('values', () => {
  beforeEach(() => {
    store = storeOf({ labels: { organization: 'org' }, value: { column: 'n' } })
    store.apply(batch('snapshot', [update({ org: 'A', n: 5n })]))
  })

  test('B10: another value is the same series: it neither fires nor resolves', () => {
    const [series] = store.apply(
      batch('changes', [update({ org: 'A', n: 5n }, -1), update({ org: 'A', n: 9n })]),
    ).changed
    expect(series).toMatchObject({
      labels: '{organization="A"}',
      value: 9,
      sinceMs: 1000,
      isSinceExact: false,
    })
  })

  test('B16: NaN is not a change of NaN', () => {
    apply(batch('changes', [update({ org: 'B', n: Number.NaN, other: 1 })]))
    const swap = [
      update({ org: 'B', n: Number.NaN, other: 1 }, -1),
      update({ org: 'B', n: Number.NaN, other: 2 }),
    ]
    expect(apply(batch('changes', swap))).toEqual([])
  })

  test('B14: rows without a number are skipped, and counted by reason when they come', () => {
    expect(apply(batch('changes', [update({ org: 'B', n: null }), update({ org: 'C', n: 'many' })]))).toEqual(
      [],
    )
    apply(batch('changes', [update({ org: 'B', n: null })]))
    expect(store.counts).toMatchObject({
      rows: 4,
      series: 1,
      skippedTotal: { null_value: 1, not_a_number: 1 },
    })
    apply(batch('changes', [update({ org: 'B', n: null }, -2), update({ org: 'C', n: 'many' }, -1)]))
    expect(store.counts.rows).toBe(1)
  })

  test('the multiplicity may be the value', () => {
    store = storeOf({ value: { multiplicity: true } })
    expect(apply(batch('snapshot', [update(alert('A'), 3)]))).toEqual([`+${spike('A')} 3`])
    expect(apply(batch('changes', [update(alert('A'), 4)]))).toEqual([`=${spike('A')} 7`])
  })
})

describe('collisions', () => {
  const row = (n: number): UnknownRow => ({ org: 'A', n })
  const some = [update(row(2)), update(row(7)), update(row(Number.NaN))]

  test.each([
    ['max', 7],
    ['min', 2],
  ] as const)('B3: rows that share a series are counted, and it has their %s', (collisions, value) => {
    for (const updates of [some, some.toReversed()]) {
      store = storeOf({ labels: { organization: 'org' }, value: { column: 'n' }, collisions })
      expect(apply(batch('snapshot', updates))).toEqual([`+{organization="A"} ${value}`])
      expect(store.counts).toMatchObject({ rows: 3, series: 1, collisions: 1 })
    }
  })

  test('a series stays until its last row goes, and is then no collision any more', () => {
    store = storeOf({ labels: { organization: 'org' }, value: { column: 'n' } })
    apply(batch('snapshot', some))
    expect(apply(batch('changes', [update(row(7), -1)]))).toEqual(['={organization="A"} 2'])
    expect(apply(batch('changes', [update(row(2), -1)]))).toEqual(['={organization="A"} NaN'])
    expect(store.counts.collisions).toBe(0)
    expect(apply(batch('changes', [update(row(Number.NaN), -1)]))).toEqual(['-{organization="A"}'])
  })

  test('B3: NULL and the empty text are one series, as Prometheus would have it, and counted', () => {
    expect(apply(batch('changes', [update(alert(null)), update(alert(''))]))).toEqual([
      '+{alert_cond="deployment_spike"} 1',
    ])
    expect(store.counts.collisions).toBe(1)
  })

  test.each([
    [
      { a: '1,b:2', b: '3' },
      { a: '1', b: '2,b:3' },
    ],
    [
      { a: 'x|y', b: 'z' },
      { a: 'x', b: 'y|z' },
    ],
    [
      { a: '1",b="2', b: null },
      { a: '1', b: '2' },
    ],
    [
      { a: '\\', b: 'x' },
      { a: '\\",b="x', b: null },
    ],
    [
      { a: 'x', b: null },
      { a: null, b: 'x' },
    ],
    [
      { a: '1', b: 'null' },
      { a: '1', b: null },
    ],
    [
      { a: '\n', b: '1' },
      { a: '\\n', b: '1' },
    ],
  ])('B3: %j and %j are two series', (one, other) => {
    store = storeOf({ labels: { a: 'a', b: 'b' } })
    expect(apply(batch('snapshot', [update(one), update(other)]))).toHaveLength(2)
    expect(store.counts.collisions).toBe(0)
  })
})

describe('columns', () => {
  test('a column that the view does not have is named, with those it has', () => {
    const bad = batch('changes', [update(alert('A')), update({ alert_cond: 'x', 'other "one"': 1 })])
    expect(() => store.apply(bad)).toThrow(
      '[UNKNOWN_COLUMN] View "v" has no column "labels". Its columns are: "alert_cond", "other \\"one\\"". Name one of them.',
    )
    expect(store.counts).toMatchObject({ rows: 0, batchesTotal: 1, insertsTotal: 0 })
  })

  test('B17: what every object inherits is no column', () => {
    store = storeOf({ labels: { a: 'constructor' } })
    expect(() => store.apply(batch('snapshot', [update({ b: 1 })]))).toThrow('has no column "constructor"')
  })

  test('B17: columns may be called like what every object inherits', () => {
    store = storeOf({ labels: { a: 'constructor', b: '__proto__' } })
    const row: UnknownRow = Object.fromEntries([
      ['constructor', '1'],
      ['__proto__', '2'],
    ])
    expect(apply(batch('snapshot', [update(row)]))).toEqual(['+{a="1",b="2"} 1'])
  })
})

test('a series fires since the batch that brought it; in a snapshot, since it was first seen', () => {
  store = storeOf()
  const [first] = store.apply(batch('snapshot', [update(alert('A'), 1, 5000)])).added
  const [second] = store.apply(batch('changes', [update(alert('B'), 1, 6000)])).added
  expect(first).toMatchObject({ sinceMs: 5000, isSinceExact: false })
  expect(second).toMatchObject({ sinceMs: 6000, isSinceExact: true })
})
