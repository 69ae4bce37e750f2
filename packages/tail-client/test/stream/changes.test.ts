import fc from 'fast-check'
import { expect, test } from 'vitest'
import { type Change, KeyedRows, type KeyViolation } from '../../src/stream/changes.js'
import { Multiset } from '../../src/stream/collection.js'
import { keyFunction, lookupFunction } from '../../src/stream/keys.js'
import type { Update } from '../../src/types/update.js'

interface Row {
  readonly id: number
  readonly v: string
}

function update(timestamp: number, diff: number, id: number, v: string): Update<Row> {
  return { row: { id, v }, timestamp: BigInt(timestamp), diff, raw: `${id}\t${v}` }
}

const byId = keyFunction<Row>('id')

test('T42: a second row of a key is found however much later it comes, and both rows are in the error', () => {
  const keyed = new KeyedRows(byId)
  keyed.apply([update(1, 1, 7, 'a')])
  expect(() => keyed.apply([update(2, 1, 7, 'b')])).toThrow(
    expect.objectContaining({
      code: 'KEY_VIOLATION',
      message: expect.stringMatching(/Key \[7\].* 2: \{"id":7,"v":"a"\} and \{"id":7,"v":"b"\}/),
    }),
  )
})

test('T42: a row that is there twice is a violation too', () => {
  const told: KeyViolation<Row>[] = []
  const changes = new KeyedRows(byId, violation => told.push(violation)).apply([update(1, 2, 7, 'a')])
  expect(told).toEqual([
    {
      key: '[7]',
      timestamp: 1n,
      rows: [
        { id: 7, v: 'a' },
        { id: 7, v: 'a' },
      ],
    },
  ])
  expect(changes).toEqual([{ type: 'insert', row: { id: 7, v: 'a' }, previous: undefined, timestamp: 1n }])
})

test('T42: a stream that began without a snapshot tells deletes and updates of rows that it never gave', () => {
  const keyed = new KeyedRows(byId)
  expect(keyed.apply([update(5, -1, 1, 'old'), update(5, 1, 2, 'new'), update(5, -1, 2, 'old')])).toEqual([
    { type: 'delete', row: undefined, previous: { id: 1, v: 'old' }, timestamp: 5n },
    { type: 'update', row: { id: 2, v: 'new' }, previous: { id: 2, v: 'old' }, timestamp: 5n },
  ])
})

test('T30: reported violations leave, at every timestamp, one row per key: the first by its text', () => {
  // The model: the multiset itself, and the least row of each key.
  fc.assert(
    fc.property(fc.array(fc.array(fc.tuple(fc.nat(2), fc.constantFrom('a', 'b', 'c')))), steps => {
      const counts = new Map<string, number>()
      const followed = new Map<number, string>()
      let violations = 0
      const keyed = new KeyedRows(byId, () => violations++)
      let expectedViolations = 0
      steps.forEach((flips, timestamp) => {
        const diffs = new Map<string, number>()
        for (const [id, v] of flips) {
          const raw = `${id}\t${v}`
          const now = (counts.get(raw) ?? 0) + (diffs.get(raw) ?? 0)
          diffs.set(raw, (diffs.get(raw) ?? 0) + (now > 0 ? -1 : 1))
        }
        const updates = [...diffs].flatMap(([raw, diff]) => {
          const [id = '', v = ''] = raw.split('\t')
          return diff === 0 ? [] : [update(timestamp, diff, Number(id), v)]
        })
        for (const change of keyed.apply(updates)) follow(followed, change)
        for (const [raw, diff] of diffs) counts.set(raw, (counts.get(raw) ?? 0) + diff)
        const least = new Map<number, string>()
        for (const raw of [...counts]
          .filter(([, count]) => count > 0)
          .map(([each]) => each)
          .sort()) {
          const id = Number(raw.split('\t')[0])
          if (!least.has(id)) least.set(id, raw)
        }
        expect(followed).toEqual(new Map([...least].map(([id, raw]) => [id, raw])))
        const touched = new Set(updates.map(({ row }) => row.id))
        for (const id of touched)
          if ([...counts].filter(([raw, count]) => count > 0 && raw.startsWith(`${id}\t`)).length > 1)
            expectedViolations++
      })
      expect(violations).toBe(expectedViolations)
    }),
  )
})

function follow(rows: Map<number, string>, change: Change<Row>): void {
  const { row, previous } = change
  if (previous) {
    expect(rows.get(previous.id)).toBe(`${previous.id}\t${previous.v}`)
    rows.delete(previous.id)
  } else expect(rows.has(row?.id ?? -1)).toBe(false)
  if (row) rows.set(row.id, `${row.id}\t${row.v}`)
}

test('T42: keys of different values are different, and are looked up by their values', () => {
  const key = keyFunction<{ a: unknown; b: unknown }>(['a', 'b'])
  const lookup = lookupFunction<{ a: unknown; b: unknown }>(['a', 'b'])
  const values = [1n, 1, '1', null, Number.NaN, Number.POSITIVE_INFINITY, true, 'true']
  expect(new Set(values.map(a => key({ a, b: 0 }))).size).toBe(values.length)
  for (const a of values) expect(lookup([a, 0])).toBe(key({ a, b: 0 }))
  expect(lookupFunction<Row>(row => row.v)('x')).toBe('x')
})

test('T42: a key may be made of parts, whose values are told apart too', () => {
  const key = keyFunction<{ a: unknown }>('a')
  const values = [[1n], [1], ['1'], [[1n]], { lower: 1n }, { lower: 1 }, [Number.NaN], [null]]
  expect(new Set(values.map(a => key({ a }))).size).toBe(values.length)
  for (const a of values) expect(lookupFunction<{ a: unknown }>('a')(a)).toBe(key({ a }))
})

test('T42: a row without the column of the key is refused, whatever took it away', () => {
  expect(() => keyFunction<{ a?: string; b: string }>('a')({ b: 'x' })).toThrow('[INVALID_OPTION] key is "a"')
})

test('T42: a row that is there a billion times is a violation of two rows, and takes no more than one', () => {
  const told: KeyViolation<Row>[] = []
  const keyed = new KeyedRows(byId, violation => told.push(violation))
  keyed.apply([update(1, 1e9, 7, 'a')])
  expect(keyed.apply([update(2, -1e9, 7, 'a')])).toEqual([
    { type: 'delete', row: undefined, previous: { id: 7, v: 'a' }, timestamp: 2n },
  ])
  const contents = new Multiset<Row>({ keyOf: byId, onViolation: violation => told.push(violation) })
  contents.apply({ kind: 'changes', lower: 1n, upper: 2n, updates: [update(1, 1e9, 7, 'a')] })
  expect(contents.first(2)).toEqual([
    { id: 7, v: 'a' },
    { id: 7, v: 'a' },
  ])
  expect(told.map(({ rows }) => rows.length)).toEqual([2, 2])
})
