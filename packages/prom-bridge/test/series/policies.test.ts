import type { UnknownRow } from '@mzalert/tail-client'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { CollisionPolicy, OverLimitPolicy, RemovalPolicy } from '../../src/types.js'
import { batch, update } from '../support/source.js'
import { WholeView } from '../support/whole.js'

const rowOf = (a: string): UnknownRow => ({ a })

describe('several rows on one series', () => {
  const row = (n: number, id = n): UnknownRow => ({ a: 'x', n, id })

  test('B3: the sum of rows on one series counts each as often as the view holds it', () => {
    const view = new WholeView({ value: { column: 'n' }, collisions: 'sum' })
    view.changes(update(row(2), 3), update(row(5)))
    expect(view.samples()).toEqual({ x: 11 })
    view.changes(update(row(5), -1))
    expect(view.samples()).toEqual({ x: 6 })
  })

  test('B3: the number of rows on one series counts duplicates', () => {
    const view = new WholeView({ collisions: 'count' })
    view.changes(update(row(2), 3), update(row(5)))
    expect(view.samples()).toEqual({ x: 4 })
    view.changes(update(row(5), -1), update(row(2), -2))
    expect(view.samples()).toEqual({ x: 1 })
  })

  test('B3: the last row on a series is that with the greatest timestamp, in whatever batches they came', () => {
    for (const split of [true, false]) {
      const view = new WholeView({ value: { column: 'n' }, collisions: 'last' })
      const updates = [update(row(9), 1, 1000), update(row(1), 1, 2000), update(row(5), 1, 2000)]
      if (split) for (const one of updates) view.changes(one)
      else view.changes(...updates)
      expect(view.samples()).toEqual({ x: 5 })
      view.changes(update(row(5), -1, 3000))
      expect(view.samples()).toEqual({ x: 1 })
    }
  })

  test('B3: a row that is written again is the last one, also if a copy of it goes at once', () => {
    const view = new WholeView({ value: { column: 'n' }, collisions: 'last' })
    view.changes(update(row(9), 1, 1000), update(row(1), 1, 2000))
    expect(view.samples()).toEqual({ x: 1 })
    view.changes(update(row(9), 1, 3000), update(row(9), -1, 3001))
    expect(view.samples()).toEqual({ x: 9 })
  })

  test.each([
    [[1e308, 1e308, -1e308], 1e308],
    [[1e308, -1e308, 1e308], 1e308],
    [[1e308, 1e308], Number.POSITIVE_INFINITY],
    [[1.7e308, 5e-324, -1.7e308], 5e-324],
    [[2 ** 1000, 1, -(2 ** 1000), 2 ** 960], 2 ** 960],
    [[Number.POSITIVE_INFINITY, 1, Number.NEGATIVE_INFINITY], Number.NaN],
  ])('B3: the sum of %j is %d, in whatever order they come', (values, sum) => {
    for (const list of [values, values.toReversed(), values.toSorted((a, b) => a - b)]) {
      const view = new WholeView({ value: { column: 'n' }, collisions: 'sum' })
      view.changes(...list.map((n, index) => update(row(n, index))))
      expect(view.samples()).toEqual({ x: sum })
    }
  })

  test('B29: a snapshot that states what was there writes no row again: the last one stays', () => {
    const view = new WholeView({ value: { column: 'n' }, collisions: 'last' })
    view.changes(update(row(9), 1, 1000), update(row(1), 1, 2000))
    const contents = [update(row(9), 1, 5000), update(row(1), 1, 5000)]
    expect(view.apply(batch('snapshot', contents)).changed).toHaveLength(0)
    expect(view.samples()).toEqual({ x: 1 })
    view.apply(batch('snapshot', [...contents, update(row(9), 1, 6000)]))
    expect(view.samples()).toEqual({ x: 9 })
  })

  test('B3: where rows must not share a series, both are named, nothing of it is shown, and it goes on when that is over', () => {
    const view = new WholeView({ collisions: 'error' })
    view.changes(update(row(1)))
    const blocked = view.changes(update(row(2)), update({ a: 'y', n: 1 }))
    expect(blocked.blocked?.message).toContain(
      '[SERIES_COLLISION] Rows of view "v" share the series {a="x"}: "{\\"a\\":\\"x\\",\\"n\\":1,\\"id\\":1}" and',
    )
    expect(view.samples()).toEqual({ x: 1 })
    expect(view.counts).toMatchObject({ rows: 3, series: 1, collisions: 1 })
    expect(view.changes(update({ a: 'z', n: 1 }), update({ a: 'y', n: 1 }, -1)).blocked).toBeDefined()
    expect(view.samples()).toEqual({ x: 1 })
    const over = view.changes(update(row(1), -1))
    expect(over.blocked).toBeUndefined()
    expect([...over.added].map(({ labels }) => labels)).toEqual(['{a="z"}'])
    expect(over.removed).toHaveLength(0)
    expect(view.samples()).toEqual({ x: 1, z: 1 })
  })

  test('B3: a series that went and came while nothing was shown is one series', () => {
    const view = new WholeView({ collisions: 'error', value: { column: 'n' } })
    view.changes(update(row(1)), update({ a: 'y', n: 1 }))
    view.changes(update(row(2)), update({ a: 'y', n: 1 }, -1))
    view.changes(update({ a: 'y', n: 5 }))
    const over = view.changes(update(row(1), -1))
    expect(view.samples()).toEqual({ x: 2, y: 5 })
    for (const none of [over.added, over.removed, over.gone]) expect(none).toHaveLength(0)
    view.changes(update({ a: 'y', n: 5 }, -1))
    expect(view.samples()).toEqual({ x: 2 })
  })

  test('B3: a sum does not depend on the order of the rows', () => {
    const terms = fc.array(fc.double({ noDefaultInfinity: true, noNaN: true }), {
      minLength: 2,
      maxLength: 12,
    })
    fc.assert(
      fc.property(terms, values => {
        const sums = [values, values.toReversed(), values.toSorted((a, b) => a - b)].map(list => {
          const view = new WholeView({ value: { column: 'n' }, collisions: 'sum' })
          view.changes(...list.map(n => update(row(n, values.indexOf(n)))))
          return view.samples()['x']
        })
        expect(new Set(sums).size).toBe(1)
      }),
    )
    const view = new WholeView({ value: { column: 'n' }, collisions: 'sum' })
    view.changes(update(row(1e100, 1)), update(row(1, 2)), update(row(-1e100, 3)))
    expect(view.samples()).toEqual({ x: 1 })
  })
})

describe('NULL in a label', () => {
  const rows = [update({ a: null }), update({ a: 'x' })]

  test('B14: leaves the row out and counts it, if so wished', () => {
    const view = new WholeView({ nulls: 'skip' })
    view.changes(...rows)
    expect(view.samples()).toEqual({ x: 1 })
    expect(view.counts).toMatchObject({ rows: 2, series: 1, skippedTotal: { null_label: 1 } })
  })

  test('B3: NULL may be a text of its own, and is then told from the empty text', () => {
    const view = new WholeView({ nulls: { sentinel: 'none' } })
    view.changes(...rows, update({ a: '' }))
    expect(view.samples()).toEqual({ x: 1, none: 1, '': 1 })
    expect(view.counts.collisions).toBe(0)
  })
})

describe('labels', () => {
  test('may be constants, and whatever a function makes of a row', () => {
    const view = new WholeView({
      labels: { a: ({ first, last }) => `${first} ${last}`, severity: { value: 'page' } },
    })
    const delta = view.changes(update({ first: 'Ada', last: 'Lovelace' }))
    expect([...delta.added].map(({ labels }) => labels)).toEqual(['{a="Ada Lovelace",severity="page"}'])
  })

  test('B14: that cannot be made leave the row out, which is counted', () => {
    const view = new WholeView({ labels: { a: ({ name }) => (name as string).trim() } })
    view.changes(update({ name: null }), update({ name: ' x ' }))
    expect(view.samples()).toEqual({ x: 1 })
    expect(view.counts.skippedTotal.label_failed).toBe(1)
  })

  test('B3: labels that are cut stay different, and are no longer than allowed', () => {
    const view = new WholeView({ maxLabelBytes: 32 })
    const texts = ['x'.repeat(32), 'x'.repeat(33), 'x'.repeat(34), 'é'.repeat(40), '😀'.repeat(40)]
    view.changes(...texts.map(text => update(rowOf(text))))
    const labels = Object.keys(view.samples())
    expect(labels).toHaveLength(5)
    expect(labels).toContain(texts[0])
    for (const label of labels) {
      expect(Buffer.byteLength(label)).toBeLessThanOrEqual(32)
      expect(label).not.toContain('\uFFFD')
    }
    expect(view.counts.collisions).toBe(0)
  })
})

describe('ages', () => {
  test('B33: grow with the clock, without any batch, and are never negative', () => {
    const view = new WholeView({ value: { ageOf: 't' } })
    view.changes(
      update({ a: 'text', t: '1970-01-01 00:00:10.5+00' }),
      update({ a: 'number', t: 10_000n }),
      update({ a: 'later', t: new Date(90_000) }),
    )
    expect(view.samples(60_000)).toEqual({ text: 49.5, number: 50, later: 0 })
    expect(view.samples(70_250)).toEqual({ text: 59.75, number: 60.25, later: 0 })
  })

  test('of several rows settle as ages: the greatest is that of the oldest', () => {
    const view = new WholeView({ value: { ageOf: 't' } })
    view.changes(update({ a: 'x', t: 10_000 }), update({ a: 'x', t: 20_000 }))
    expect(view.samples(60_000)).toEqual({ x: 50 })
  })

  test('there are none of what is no time', () => {
    const view = new WholeView({ value: { ageOf: 't' } })
    const bad = ['soon', '', true, Number.NaN, Number.POSITIVE_INFINITY, '2022-13-01', {}, null]
    view.changes(...bad.map(t => update({ a: 'x', t })))
    expect(view.samples()).toEqual({})
    expect(view.counts.skippedTotal).toMatchObject({ not_a_number: 7, null_value: 1 })
  })

  test.each([
    ['2022-02-24 21:01:16.123', '2022-02-24T21:01:16.123Z'],
    ['2022-02-24 21:01:16.123456+00', '2022-02-24T21:01:16.123Z'],
    ['2022-02-24 21:01:16+05:30', '2022-02-24T21:01:16+05:30'],
    ['2022-02-24T21:01:16Z', '2022-02-24T21:01:16Z'],
    ['2022-02-24', '2022-02-24T00:00:00Z'],
  ])('understand %s', (t, same) => {
    const view = new WholeView({ value: { ageOf: 't' } })
    view.changes(update({ a: 'x', t }))
    expect(view.samples(Date.parse(same) + 1000)['x']).toBeCloseTo(1, 3)
  })
})

describe('series that are kept at 0', () => {
  const zero = { onRemove: { zeroForMs: 5000 } } as const
  const progress = (upper: number): ReturnType<typeof batch> => batch('progress', [], upper)

  test('B34: are 0 when their last row goes, and go when the time is over by the clock of the server', () => {
    const view = new WholeView(zero)
    view.changes(update(rowOf('x'), 1, 1000))
    expect(view.changes(update(rowOf('x'), -1, 2000)).gone).toHaveLength(1)
    expect(view.samples()).toEqual({ x: 0 })
    view.apply(progress(6999))
    expect(view.samples()).toEqual({ x: 0 })
    expect(view.counts).toMatchObject({ rows: 0, series: 1, zeros: 1 })
    expect(view.apply(progress(7000)).gone).toHaveLength(0)
    expect(view.samples()).toEqual({})
    expect(view.counts).toMatchObject({ series: 0, zeros: 0 })
  })

  test('B34: are what they were when a row comes again, and then stay', () => {
    const view = new WholeView(zero)
    view.changes(update(rowOf('x'), 1, 1000))
    view.changes(update(rowOf('x'), -1, 2000))
    expect(view.changes(update(rowOf('x'), 1, 3000)).appeared).toHaveLength(1)
    expect(view.samples()).toEqual({ x: 1 })
    view.apply(progress(9000))
    expect(view.samples()).toEqual({ x: 1 })
    view.changes(update(rowOf('x'), -1, 10_000), update(rowOf('y'), 1, 10_000))
    view.changes(update(rowOf('x'), -1, 11_000), update(rowOf('y'), -1, 11_000))
    expect(view.samples()).toEqual({ x: 0, y: 0 })
    view.apply(progress(20_000))
    expect(view.samples()).toEqual({})
    expect(view.counts).toMatchObject({ negativeRows: 1, series: 0, zeros: 0 })
  })

  test('are 0 as ages, too', () => {
    const view = new WholeView({ ...zero, value: { ageOf: 't' } })
    view.changes(update({ a: 'x', t: 1000 }))
    view.changes(update({ a: 'x', t: 1000 }, -1))
    expect(view.samples(60_000)).toEqual({ x: 0 })
  })
})

test.each([
  [{ collisions: 'avg' as never }, 'collisions of v is "avg". It takes "count", "sum"'],
  [{ collisions: 'count' as const, value: { column: 'n' } }, 'the number of rows is the value'],
  [{ collisions: 'sum' as const, value: { ageOf: 't' } }, 'ages have no sum'],
  [{ nulls: { sentinel: '' } }, 'nulls of v is {"sentinel":""}.'],
  [{ maxSeries: 0 }, 'maxSeries of v is 0.'],
  [{ overLimit: 'drop' as never }, 'overLimit of v is "drop".'],
  [{ maxLabelBytes: 5 }, 'maxLabelBytes of v is 5. It takes a whole number, at least 24.'],
  [{ onRemove: { zeroForMs: -1 } }, 'onRemove of v is {"zeroForMs":-1}.'],
  [{ onDisconnect: 'dropped' as never }, 'onDisconnect of v is "dropped".'],
  [{ staleAfterMs: 0 }, 'staleAfterMs of v is 0.'],
  [{ labels: { a: { value: '' } } }, 'labels.a of v is {"value":""}.'],
])('%j is refused', (options, message) => {
  expect(() => new WholeView(options)).toThrow(message)
})

test('B27: when every row has gone nothing of them is held, whatever came and went, under any policies', () => {
  const steps = fc.array(fc.array(fc.tuple(fc.nat(9), fc.nat(2), fc.integer({ min: 1, max: 3 }))), {
    maxLength: 12,
  })
  const options = fc.record({
    collisions: fc.constantFrom<CollisionPolicy>('max', 'last', 'error'),
    maxSeries: fc.constantFrom(3, 100),
    overLimit: fc.constantFrom<OverLimitPolicy>('drop-new', 'drop-all', 'fail'),
    onRemove: fc.constantFrom<RemovalPolicy>('delete', { zeroForMs: 5 }),
  })
  fc.assert(
    fc.property(steps, options, (batches, policies) => {
      const view = new WholeView({ ...policies, value: { column: 'n' } })
      const held = new Map<string, readonly [Record<string, unknown>, number]>()
      for (const [index, diffs] of batches.entries()) {
        // Each batch takes away what came with one of those before, and brings more.
        const gone = [...held.values()].filter((_, which) => which % 2 === index % 2)
        for (const [row] of gone) held.delete(JSON.stringify(row))
        const come = diffs.map(([a, n, count]) => [{ a: `s${a}`, n }, count] as const)
        view.changes(
          ...gone.map(([row, count]) => update(row, -count, 1000 + index)),
          ...come.map(([row, count]) => update(row, count, 1000 + index)),
        )
        for (const [row, count] of come)
          held.set(JSON.stringify(row), [row, count + (held.get(JSON.stringify(row))?.[1] ?? 0)])
      }
      view.changes(...[...held.values()].map(([row, count]) => update(row, -count, 2000)))
      view.apply(batch('progress', [], 10_000))
      expect(view.samples()).toEqual({})
      expect(view.held).toBe(0)
    }),
    { numRuns: 300 },
  )
})
