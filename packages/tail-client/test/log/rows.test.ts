import fc from 'fast-check'
import { expect, test } from 'vitest'
import { viewOf } from '../../src/copy/lines.js'
import { RowLog } from '../../src/log/row-log.js'
import { Run } from '../../src/log/run.js'
import {
  diffAt,
  hashAt,
  isEscapedAt,
  isSameText,
  isWideAt,
  nextAt,
  segmentBytes,
} from '../../src/log/segment.js'
import { finish } from '../../src/steps.js'
import { HeldRows } from '../../src/stream/held.js'
import { runsOf, told } from '../support/rows.js'

const text = fc.string({ unit: 'binary' }).filter(value => !value.includes('\n'))
const diff = fc.integer({ min: -3, max: 3 }).filter(value => value !== 0)

test('a row comes out of the log as it went in, whatever lies around it', () => {
  fc.assert(
    fc.property(fc.array(fc.record({ raw: text, diff })), fc.nat(7), (rows, offset) => {
      const log = new RowLog()
      const run = new Run(1n)
      for (const row of rows) {
        const bytes = Buffer.from(`${'x'.repeat(offset)}${row.raw}\n`)
        expect(log.append(bytes, viewOf(bytes), offset, bytes.length - 1, row.diff)).toBe(true)
        expect(isWideAt(log.segment, log.at)).toBe(/[^\0-\x7f]/.test(row.raw))
        expect(isEscapedAt(log.segment, log.at)).toBe(row.raw.includes('\\'))
        run.add(log.segment, log.at)
      }
      expect(told([run])).toEqual(rows.map(row => ({ ...row, timestamp: 1n })))
    }),
  )
})

test('a line feed is found wherever it is, and then nothing is taken', () => {
  for (let length = 1; length <= 12; length++)
    for (let at = 0; at < length; at++) {
      const bytes = Buffer.alloc(length, 'ü')
      bytes[at] = 0x0a
      const log = new RowLog()
      expect(log.append(bytes, viewOf(bytes), 0, length, 1)).toBe(false)
    }
})

test('rows are the same if and only if their texts are, and then their hashes are too', () => {
  const short = fc.string({ unit: fc.constantFrom('a', 'b', '\0', 'ü'), maxLength: 9 })
  fc.assert(
    fc.property(short, short, fc.integer(), (a, b, seed) => {
      const log = new RowLog(seed)
      const places = [a, b].map(raw => {
        const bytes = Buffer.from(raw)
        log.append(bytes, viewOf(bytes), 0, bytes.length, 1)
        return [log.segment, log.at] as const
      })
      const [[first, firstAt], [second, secondAt]] = places as unknown as [
        readonly [RowLog['segment'], number],
        readonly [RowLog['segment'], number],
      ]
      expect(isSameText(first, firstAt, second, secondAt)).toBe(a === b)
      if (a === b) expect(hashAt(first, firstAt)).toBe(hashAt(second, secondAt))
    }),
  )
})

test('a row longer than a segment has one of its own, and the next goes on behind it', () => {
  const long = 'é'.repeat(segmentBytes)
  const updates = ['a', long, 'b', long, 'c'].map(raw => ({ timestamp: 1n, diff: 1, raw }))
  expect(told(runsOf(updates))).toEqual(updates)
})

test('T37: diffs are exact up to the greatest safe integer', () => {
  const greatest = Number.MAX_SAFE_INTEGER
  const updates = [greatest, -greatest, 2 ** 31, -(2 ** 31), 1].map((each, index) => ({
    timestamp: 1n,
    diff: each,
    raw: `${index}`,
  }))
  expect(told(runsOf(updates))).toEqual(updates)
})

test('T3: what is held is the sum of what was applied, however often rows come and go', () => {
  const rows = fc.array(fc.array(fc.record({ raw: fc.constantFrom('a', 'b', 'c', 'dd', 'é', ''), diff })))
  fc.assert(
    fc.property(rows, batches => {
      const held = new HeldRows(1000)
      const model = new Map<string, number>()
      for (const batch of batches) {
        finish(held.apply(runsOf(batch.map(row => ({ ...row, timestamp: 1n })))))
        for (const { raw, diff: change } of batch) {
          const multiplicity = (model.get(raw) ?? 0) + change
          if (multiplicity === 0) model.delete(raw)
          else model.set(raw, multiplicity)
        }
        expect(new Map(told([finish(held.entries(1n))]).map(row => [row.raw, row.diff]))).toEqual(model)
        expect(held.size).toBe(model.size)
      }
    }),
  )
})

test('T4: rows that have gone leave no memory behind', () => {
  const held = new HeldRows(10_000)
  const padding = 'x'.repeat(1000)
  const rowsOf = (round: number, change: number): readonly Run[] =>
    runsOf(
      Array.from({ length: 1000 }, (_, i) => ({
        timestamp: 1n,
        diff: change,
        raw: `${padding}${round}.${i}`,
      })),
    )
  for (let round = 0; round < 20; round++) {
    finish(held.apply(rowsOf(round, 1)))
    if (round > 0) finish(held.apply(rowsOf(round - 1, -1)))
    expect(held.bytes).toBeLessThan(5_000_000)
  }
  expect(new Set(told([finish(held.entries(1n))]).map(({ raw }) => raw))).toEqual(
    new Set(told(rowsOf(19, 1)).map(({ raw }) => raw)),
  )
})

test('records lie one after the other', () => {
  const [run] = runsOf(['a', 'bcdefghi', ''].map(raw => ({ timestamp: 1n, diff: 2, raw })))
  const [span] = run?.spans ?? []
  if (!span) throw new Error('a span was expected')
  const places = []
  for (let at = span.from; at < span.to; at = nextAt(span.segment, at))
    places.push([at, diffAt(span.segment, at)])
  expect(places).toEqual([
    [0, 2],
    [24, 2],
    [48, 2],
  ])
})
