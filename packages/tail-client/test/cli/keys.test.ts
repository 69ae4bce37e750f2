import { expect, test } from 'vitest'
import { KeySearch } from '../../src/cli/keys.js'
import type { Column } from '../../src/types/connection.js'
import type { UnknownRow, Update } from '../../src/types/update.js'

const columns: readonly Column[] = [
  { name: 'alert_cond', oid: 25 },
  { name: 'labels', oid: 25 },
  { name: 'deployment_cnt', oid: 20 },
  { name: 'ratio', oid: 701 },
  { name: 'price', oid: 1700 },
]

type Told = readonly [diff: number, alertCond: string, labels: string, count: number]

/** Updates of one timestamp; ratio and price are unique by chance, as measured values are. */
function moment(...told: readonly Told[]): readonly Update<UnknownRow>[] {
  return told.map(([diff, alert_cond, labels, deployment_cnt]) => ({
    row: { alert_cond, labels, deployment_cnt, ratio: deployment_cnt / 7, price: `${deployment_cnt}.1` },
    timestamp: 1n,
    diff,
    raw: `${alert_cond}\t${labels}\t${deployment_cnt}`,
  }))
}

function keysOf(...moments: readonly (readonly Update<UnknownRow>[])[]): readonly (readonly string[])[] {
  const search = new KeySearch(columns)
  for (const each of moments) search.apply(each)
  return search.keys()
}

test('T81: one row, or none, says nothing of a key', () => {
  expect(keysOf(moment())).toEqual([])
  expect(keysOf(moment([1, 'spike', 'acme', 3]))).toEqual([])
  expect(
    keysOf(moment([1, 'spike', 'acme', 3]), moment([-1, 'spike', 'acme', 3], [1, 'spike', 'b', 3])),
  ).toEqual([])
})

test('T81: a text is a key before a number is, and what is measured never', () => {
  expect(keysOf(moment([1, 'spike', 'acme', 3], [1, 'spike', 'initech', 4]))).toEqual([['labels']])
  expect(keysOf(moment([1, 'a', 'x', 3], [1, 'a', 'y', 4], [1, 'b', 'x', 5]))).toEqual([
    ['alert_cond', 'labels'],
  ])
  expect(keysOf(moment([1, 'a', 'x', 3], [1, 'a', 'x', 4]))).toEqual([['deployment_cnt']])
  expect(keysOf(moment([1, 'a', 'x', 3], [1, 'a', 'x', 3]))).toEqual([])
})

test('T81: a key must tell rows apart at every timestamp, and not only at the last', () => {
  const snapshot = moment([1, 'a', 'x', 3], [1, 'b', 'y', 4])
  const second = moment([1, 'a', 'z', 5])
  const gone = moment([-1, 'a', 'z', 5])
  expect(keysOf(snapshot, second, gone)).toEqual([['labels']])
})

test('T81: what changes while the rest of a row stays is a value and no key', () => {
  const snapshot = moment([1, 'a', 'x', 3], [1, 'b', 'y', 4])
  const update = moment([-1, 'a', 'x', 3], [1, 'a', 'z', 3])
  expect(keysOf(snapshot)).toEqual([['alert_cond'], ['labels']])
  expect(keysOf(snapshot, update)).toEqual([['alert_cond']])
})

test('T81: rows that come later are looked at as the first are', () => {
  expect(keysOf(moment(), moment([1, 'a', 'x', 3]), moment([1, 'a', 'y', 4]))).toEqual([['labels']])
  expect(keysOf(moment(), moment([1, 'a', 'x', 3]), moment([1, 'a', 'x', 4]))).toEqual([['deployment_cnt']])
})
