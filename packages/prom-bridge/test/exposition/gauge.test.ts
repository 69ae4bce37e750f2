import { expect, test } from 'vitest'
import { Gauge } from '../../src/exposition/gauge.js'
import { Series } from '../../src/series/series.js'
import type { Delta } from '../../src/series/store.js'

function series(index: number, value = index): Series {
  const made = new Series(`{i="${index}"}`, [String(index)])
  made.value = value
  return made
}

function delta(more: Partial<Delta>): Delta {
  return { added: [], removed: [], changed: [], isSnapshot: false, atMs: 0, ...more }
}

const many = Array.from({ length: 5000 }, (_, index) => series(index))

function filled(): { readonly gauge: Gauge; readonly all: readonly Series[] } {
  const gauge = new Gauge('g', 'Help.')
  const all = many.map((_, index) => series(index))
  gauge.apply(delta({ added: all }))
  return { gauge, all }
}

function textOf(gauge: Gauge): string {
  return Buffer.concat(gauge.bytes()).toString()
}

test('a gauge is its header and a line for each series', () => {
  const gauge = new Gauge('g', 'Help.')
  expect(textOf(gauge)).toBe('# HELP g Help.\n# TYPE g gauge\n')
  gauge.apply(delta({ added: [series(1), series(2)] }))
  expect(textOf(gauge)).toBe('# HELP g Help.\n# TYPE g gauge\ng{i="1"} 1\ng{i="2"} 2\n')
  expect(gauge.texts().join('')).toBe('g{i="1"} 1\ng{i="2"} 2\n')
})

test('B4: a batch of one row renders one segment again; what did not change keeps its bytes', () => {
  const { gauge, all } = filled()
  const before = gauge.bytes()
  const [one] = all.slice(2000, 2001)
  if (!one) throw new Error('no series')
  one.value = -1
  gauge.apply(delta({ changed: [one] }))
  const after = gauge.bytes()
  const renewed = after.flatMap((bytes, segment) => (bytes === before[segment] ? [] : [segment]))
  expect(after).toHaveLength(before.length)
  expect(renewed).toHaveLength(1)
  expect(gauge.bytes()).toEqual(after)
  expect(gauge.bytes().every((bytes, segment) => bytes === after[segment])).toBe(true)
})

test('B4: a series that goes renews no more than two segments', () => {
  const { gauge, all } = filled()
  const before = gauge.bytes()
  gauge.apply(delta({ removed: all.slice(10, 11) }))
  const renewed = gauge.bytes().filter((bytes, segment) => bytes !== before[segment])
  expect(renewed).toHaveLength(2)
  expect(textOf(gauge)).not.toContain('{i="10"}')
})

test('B1: a scrape that has begun finishes with what it began with', () => {
  const { gauge, all } = filled()
  const begun = gauge.bytes()
  const text = Buffer.concat(begun).toString()
  gauge.apply(delta({ removed: all.slice(0, 3000) }))
  gauge.bytes()
  expect(Buffer.concat(begun).toString()).toBe(text)
})

test('every series can go and come again, in any order', () => {
  const { gauge, all } = filled()
  gauge.apply(delta({ removed: all.filter((_, index) => index % 3 === 0) }))
  gauge.apply(
    delta({
      removed: all.filter((_, index) => index % 3 === 1),
      added: all.filter((_, index) => index % 3 === 0),
    }),
  )
  const lines = (): readonly string[] => gauge.texts().join('').split('\n').slice(0, -1).toSorted()
  const wanted = all.filter((_, index) => index % 3 !== 1).map(({ labels, value }) => `g${labels} ${value}`)
  expect(lines()).toEqual(wanted.toSorted())
  gauge.apply(delta({ removed: gauge.series.slice() }))
  expect(textOf(gauge)).toBe('# HELP g Help.\n# TYPE g gauge\n')
})
