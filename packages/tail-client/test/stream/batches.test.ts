import { expect, test } from 'vitest'
import { viewOf } from '../../src/copy/lines.js'
import { BatchBuilder, type Beginning, type RawBatch } from '../../src/stream/batches.js'
import type { Generation } from '../../src/types/connection.js'
import { toldBatch } from '../support/decode.js'

/** `10` is progress, `[10, 1, 'a']` an update. */
function build(
  generation: Generation,
  beginning: Beginning,
  ...lines: readonly (number | [number, number, string])[]
): [string, number, number, string][] {
  const builder = new BatchBuilder(generation, beginning, 1e6, 0)
  const batches: RawBatch[] = []
  for (const line of lines) {
    if (typeof line === 'number') batches.push(...builder.progress(BigInt(line)))
    else {
      const bytes = Buffer.from(line[2])
      builder.update(BigInt(line[0]), line[1], bytes, viewOf(bytes), 0, bytes.length)
    }
  }
  return batches
    .map(toldBatch)
    .map(({ kind, lower, upper, updates }) => [
      kind,
      Number(lower),
      Number(upper),
      updates.map(({ raw, diff }) => `${diff > 0 ? '+' : ''}${diff}${raw}`).join(' '),
    ])
}

test('T39: subscribe: the first progress is AS OF, and the snapshot is complete at the next greater one', () => {
  expect(build('subscribe', 'snapshot', 10, [10, 1, 'a'], 10, 11)).toEqual([['snapshot', 10, 11, '+1a']])
})

test('T39: subscribe: an empty relation is known to be empty', () => {
  expect(build('subscribe', 'snapshot', 10, 12, [13, 1, 'a'], 14)).toEqual([
    ['snapshot', 10, 12, ''],
    ['changes', 12, 14, '+1a'],
  ])
})

test('T39: a snapshot that is closed together with later changes stays apart from them', () => {
  expect(build('subscribe', 'snapshot', 10, [10, 1, 'a'], [11, -1, 'a'], [12, 1, 'b'], 20)).toEqual([
    ['snapshot', 10, 11, '+1a'],
    ['changes', 11, 20, '-1a +1b'],
  ])
})

test('T39: tail: rows come first, and progress beyond their timestamp completes them', () => {
  expect(build('tail', 'snapshot', [10, 1, 'a'], [10, 1, 'b'], 10, 11, 12)).toEqual([
    ['snapshot', 10, 11, '+1a +1b'],
    ['progress', 11, 12, ''],
  ])
})

test('T39: tail: progress may come before the rows of the snapshot', () => {
  expect(build('tail', 'snapshot', 9, [10, 1, 'a'], 11)).toEqual([['snapshot', 10, 11, '+1a']])
})

test('T39: tail: an empty relation is taken as empty at the second distinct progress', () => {
  expect(build('tail', 'snapshot', 9, 9, 10, [10, 1, 'a'], 11)).toEqual([
    ['snapshot', 9, 10, ''],
    ['changes', 10, 11, '+1a'],
  ])
})

test('T39: tail: whoever holds rows believes in an empty relation only after three times of progress, 2 s, and beyond their frontier', () => {
  const again = { again: 5000n }
  expect(build('tail', again, 4000, 5000, 5500, 5999)).toEqual([])
  expect(build('tail', again, 4000, 5000, 5500, 6000)).toEqual([['snapshot', 4000, 6000, '']])
  expect(build('tail', again, 4000, 9000)).toEqual([])
  expect(build('tail', again, 1000, 2000, 5000, 5001)).toEqual([['snapshot', 1000, 5001, '']])
  expect(build('tail', again, 5000, 6000, [6500, 1, 'a'], 7000)).toEqual([['snapshot', 6500, 7000, '+1a']])
})

test('T39: subscribe: an empty relation is known to be empty at once, also by whoever holds rows', () => {
  expect(build('subscribe', { again: 20n }, 10, 11)).toEqual([['snapshot', 10, 11, '']])
})

test('T40: a resumed stream begins at its frontier and drops, counted, what comes again', () => {
  expect(build('subscribe', { after: 20n }, 19, [19, 1, 'again'], [20, 1, 'a'], 21, 22)).toEqual([
    ['changes', 20, 21, '+1a'],
    ['progress', 21, 22, ''],
  ])
})

test('T2: a server that goes back in time is refused', () => {
  expect(() => build('subscribe', 'snapshot', 10, [9, 1, 'a'])).toThrow('[TIME_WENT_BACK]')
  expect(() => build('tail', 'snapshot', [10, 1, 'a'], 9)).toThrow('[TIME_WENT_BACK]')
})

test('T40: a stream without snapshot begins where the server says, or with its first update', () => {
  expect(build('subscribe', 'no snapshot', 10, [11, 1, 'a'], 12)).toEqual([['changes', 10, 12, '+1a']])
  expect(build('tail', 'no snapshot', [11, 1, 'a'], 12, 13)).toEqual([
    ['changes', 11, 12, '+1a'],
    ['progress', 12, 13, ''],
  ])
})
