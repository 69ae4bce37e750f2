import { expect, test } from 'vitest'
import { type Observation, observe } from '../../src/cli/observe.js'
import { type Report, reportText } from '../../src/cli/report.js'
import { FakeClock } from '../../src/testing/clock.js'
import type { ResumableBatch } from '../../src/types/batch.js'
import type { UnknownRow } from '../../src/types/update.js'

const quiet: Observation = {
  watchedMs: 10_000,
  snapshotMs: 5,
  rows: 100,
  distinctRows: 100,
  updates: 0,
  retractions: 0,
  timestamps: 0,
  mostAtOnce: 0,
  frontierMoves: 10,
  firstRows: [{ id: 7n }],
  keys: [['id']],
  mostRows: 100,
  tooManyForKeys: false,
  token: 't',
}
const about: Omit<Report, 'seen'> = {
  name: 'v',
  columns: [{ name: 'id', oid: 20 }],
  notNull: new Set(['id']),
  where: 'db:6875',
  version: 'v0.147.0 (abc)',
  isQuery: false,
  canResume: true,
}
const said = (seen: Partial<Observation>, more: Partial<Report> = {}): string =>
  reportText({ ...about, ...more, seen: { ...quiet, ...seen } })

test('a view that troubles nobody is said to', () => {
  expect(said({})).toContain('What would trouble a consumer\n  Nothing was seen.\n')
  expect(said({})).toContain('readonly id: bigint\n')
})

test.each<readonly [string, Partial<Observation>, RegExp]>([
  [
    'a window that floods',
    { updates: 2000, retractions: 1000 },
    /Rows last about 1 s: 100 of them go each second/,
  ],
  ['duplicates', { rows: 101, keys: [] }, /same in every column/],
  ['no key', { keys: [] }, /No column, and no two/],
  ['much at one timestamp', { mostAtOnce: 20_000 }, /20000 updates came at one timestamp/],
  [
    'very many rows',
    { rows: 2e6, distinctRows: 2e6, tooManyForKeys: true, keys: [] },
    /2000000 rows are held/,
  ],
  ['a frontier that stands', { frontierMoves: 0 }, /The frontier did not move/],
])('%s is said', (_, seen, words) => {
  expect(said(seen)).toMatch(words)
})

test('a snapshot that did not come in time is said, and what was not found out is not guessed', () => {
  const text = said({
    snapshotMs: undefined,
    watchedMs: 0,
    rows: 0,
    distinctRows: 0,
    firstRows: [],
    frontierMoves: 0,
    keys: [],
    mostRows: 0,
  })
  expect(text).toContain('--time-limit')
  expect(text).toContain('Nothing was seen.')
})

test('what is observed are the contents at the end, and what happened after the snapshot', async () => {
  const row = (id: number): UnknownRow => ({ id, half: Math.floor(id / 2), odd: id % 2 })
  const batch = (
    timestamp: bigint,
    ids: readonly (readonly [number, number])[],
  ): ResumableBatch<UnknownRow> => ({
    kind: 'changes',
    updates: ids.map(([id, diff]) => ({ row: row(id), timestamp, diff, raw: String(id) })),
    lower: timestamp,
    upper: timestamp + 1n,
    token: `after ${timestamp}`,
    commit: async () => {},
  })
  async function* batches(): AsyncGenerator<ResumableBatch<UnknownRow>> {
    yield batch(1n, [
      [1, 1],
      [2, 1],
      [3, 1],
    ])
    yield batch(2n, [
      [1, -1],
      [4, 1],
    ])
    yield batch(3n, [])
  }
  const columns = [
    { name: 'half', oid: 23 },
    { name: 'odd', oid: 23 },
  ]
  const seen = await observe(batches(), columns, new FakeClock())
  expect(seen).toMatchObject({
    rows: 3,
    updates: 2,
    retractions: 1,
    timestamps: 1,
    mostAtOnce: 2,
    frontierMoves: 2,
    keys: [['half', 'odd']],
    mostRows: 3,
    token: 'after 1',
  })
})

test('T81: where there was never more than one row nobody knows a key, and the loop does without', () => {
  for (const mostRows of [0, 1]) {
    const text = said({ keys: [], mostRows, rows: mostRows, distinctRows: mostRows })
    expect(text).toContain('Key      nobody knows')
    expect(text).toContain('for await (const { row, diff } of stream)')
    expect(text).not.toContain('No column, and no two')
  }
})

test('T81: the first rows are shown, and cannot steer the terminal', () => {
  const text = said({ firstRows: [{ id: '\x1b[2J' }] })
  expect(text).toContain('Rows that there are\n  id\n')
  expect(text).toContain('␛[2J')
})

test('T81: of very many rows only counts are kept, and they are as exact', async () => {
  async function* batches(): AsyncGenerator<ResumableBatch<UnknownRow>> {
    const kept = { token: 't', commit: async () => {} }
    const updates = Array.from({ length: 60_000 }, (_, id) => ({
      row: { id },
      timestamp: 1n,
      diff: 1,
      raw: `${id}`,
    }))
    yield { kind: 'snapshot', updates, lower: 1n, upper: 2n, ...kept }
    const gone = updates.slice(0, 10).map(update => ({ ...update, timestamp: 2n, diff: -1 }))
    yield { kind: 'changes', updates: gone, lower: 2n, upper: 3n, ...kept }
  }
  expect(await observe(batches(), [{ name: 'id', oid: 23 }], new FakeClock())).toMatchObject({
    rows: 59_990,
    distinctRows: undefined,
    tooManyForKeys: true,
    keys: [],
    retractions: 10,
    mostAtOnce: 10,
  })
})

test('a query stands in the loop as it was written, whatever is in it', () => {
  const query = ["select 'a\\b`", "{c}'"].join('$')
  expect(said({}, { isQuery: true, name: query })).toContain(["sql`select 'a\\\\b\\`\\", "{c}'`"].join('$'))
})
