import { expect, test } from 'vitest'
import { Gauge } from '../../src/exposition/gauge.js'
import type { Delta } from '../../src/series/delta.js'
import { Series } from '../../src/series/series.js'
import { finish } from '../../src/series/slices.js'
import { noCounts } from '../support/models.js'
import { batch, update } from '../support/source.js'
import { WholeView } from '../support/whole.js'

function series(index: number, value = index): Series {
  const made = new Series(`{i="${index}"}`, ['i'])
  made.value = value
  return made
}

function delta(more: Partial<Delta>): Delta {
  return {
    added: [],
    removed: [],
    changed: [],
    appeared: [],
    gone: [],
    isSnapshot: false,
    atMs: 0,
    blocked: undefined,
    counts: noCounts,
    ...more,
  }
}

const many = Array.from({ length: 5000 }, (_, index) => series(index))

function filled(): { readonly gauge: Gauge; readonly all: readonly Series[] } {
  const gauge = new Gauge('g', 'Help.')
  const all = many.map((_, index) => series(index))
  apply(gauge, delta({ added: all }))
  return { gauge, all }
}

function apply(gauge: Gauge, given: Delta): void {
  gauge.publish(finish(gauge.next(given)))
}

function bytesOf(gauge: Gauge): readonly Buffer[] {
  return finish(gauge.bytes(0))
}

function textOf(gauge: Gauge): string {
  return Buffer.concat(bytesOf(gauge)).toString()
}

test('a gauge is its header and a line for each series', () => {
  const gauge = new Gauge('g', 'Help.')
  expect(textOf(gauge)).toBe('# HELP g Help.\n# TYPE g gauge\n')
  apply(gauge, delta({ added: [series(1), series(2)] }))
  expect(textOf(gauge)).toBe('# HELP g Help.\n# TYPE g gauge\ng{i="1"} 1\ng{i="2"} 2\n')
  expect(gauge.texts(0).join('')).toBe('g{i="1"} 1\ng{i="2"} 2\n')
})

test('B4: a batch of one row renders one segment again; what did not change keeps its bytes', () => {
  const { gauge, all } = filled()
  const before = bytesOf(gauge)
  const [one] = all.slice(2000, 2001)
  if (!one) throw new Error('no series')
  one.value = -1
  apply(gauge, delta({ changed: [one] }))
  const after = bytesOf(gauge)
  const renewed = after.flatMap((bytes, segment) => (bytes === before[segment] ? [] : [segment]))
  expect(after).toHaveLength(before.length)
  expect(renewed).toHaveLength(1)
  expect(bytesOf(gauge)).toEqual(after)
  expect(bytesOf(gauge).every((bytes, segment) => bytes === after[segment])).toBe(true)
})

test('B4: a series that goes renews no more than two segments', () => {
  const { gauge, all } = filled()
  const before = bytesOf(gauge)
  apply(gauge, delta({ removed: all.slice(10, 11) }))
  const renewed = bytesOf(gauge).filter((bytes, segment) => bytes !== before[segment])
  expect(renewed).toHaveLength(2)
  expect(textOf(gauge)).not.toContain('{i="10"}')
})

test('B1: a scrape that has begun finishes with what it began with', () => {
  const { gauge, all } = filled()
  const begun = bytesOf(gauge)
  const text = Buffer.concat(begun).toString()
  apply(gauge, delta({ removed: all.slice(0, 3000) }))
  bytesOf(gauge)
  expect(Buffer.concat(begun).toString()).toBe(text)
})

test('every series can go and come again, in any order', () => {
  const { gauge, all } = filled()
  apply(gauge, delta({ removed: all.filter((_, index) => index % 3 === 0) }))
  apply(
    gauge,
    delta({
      removed: all.filter((_, index) => index % 3 === 1),
      added: all.filter((_, index) => index % 3 === 0),
    }),
  )
  const lines = (): readonly string[] => gauge.texts(0).join('').split('\n').slice(0, -1).toSorted()
  const wanted = all.filter((_, index) => index % 3 !== 1).map(({ labels, value }) => `g${labels} ${value}`)
  expect(lines()).toEqual(wanted.toSorted())
  apply(gauge, delta({ removed: gauge.current.segments.flatMap(({ series: some }) => some) }))
  expect(textOf(gauge)).toBe('# HELP g Help.\n# TYPE g gauge\n')
})

test('B13: progress alone renders nothing again', () => {
  const view = new WholeView({})
  view.changes(update({ a: 'A' }))
  const before = view.edition.segments
  view.apply(batch('progress', [], 5000))
  expect(view.edition.segments[0]).toBe(before[0])
})
