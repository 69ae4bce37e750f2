import { expect, test } from 'vitest'
import { judge, type Outage, slopePerMinute, type Word } from '../../src/chain/verdict.js'

const tolerance = { enoughMs: 6000, recoveryMs: 0, lingerMs: 3000, clockMs: 1500 }
const interval = { organization: 'A', firesAtMs: 100_000, resolvesAtMs: 112_000 }
const firing = (startsAtMs: number, organization = 'A'): Word => ({
  organization,
  status: 'firing',
  startsAtMs,
  endsAtMs: Number.NaN,
})
const resolved = (startsAtMs: number, endsAtMs: number): Word => ({
  organization: 'A',
  status: 'resolved',
  startsAtMs,
  endsAtMs,
})
const fine = { due: 1, lost: [], falseResolves: [], groundless: [] }

test('an alert that was told, and its end, also told again: nothing is wrong', () => {
  const words = [firing(101_000), firing(101_000), resolved(101_000, 112_100), resolved(101_000, 112_100)]
  expect(judge([interval], words, [], tolerance)).toEqual(fine)
})

test('an alert that nobody was told of is lost, unless its way was not free for long enough', () => {
  expect(judge([interval], [], [], tolerance)).toEqual({ ...fine, lost: [interval] })
  const longest = { fromMs: 103_000, toMs: 109_001 }
  expect(judge([interval], [], [longest, { fromMs: 104_000, toMs: 105_000 }], tolerance)).toMatchObject({
    due: 0,
    lost: [],
  })
  const shorter = { fromMs: 103_000, toMs: 108_000 }
  expect(judge([interval], [], [shorter], tolerance)).toMatchObject({ due: 1, lost: [interval] })
  expect(judge([interval], [], [shorter], { ...tolerance, recoveryMs: 2000 })).toMatchObject({
    due: 0,
    lost: [],
  })
  expect(judge([interval], [firing(101_000, 'B')], [], tolerance)).toMatchObject({
    lost: [interval],
    groundless: [{ organization: 'B', firesAtMs: 101_000, resolvesAtMs: Number.POSITIVE_INFINITY }],
  })
  expect(judge([interval], [firing(40_000), resolved(40_000, 60_000)], [], tolerance)).toMatchObject({
    lost: [interval],
    groundless: [{ organization: 'A', firesAtMs: 40_000, resolvesAtMs: 60_000 }],
  })
})

test('an alert that is kept firing from one time to the next stands for both', () => {
  const next = { ...interval, firesAtMs: 120_000, resolvesAtMs: 132_000 }
  const words = [firing(101_000), resolved(101_000, 152_000)]
  expect(judge([interval, next], words, [], tolerance)).toEqual({ ...fine, due: 2 })
})

test('an end that is told while the reason goes on is false, and one that is as late as an outage is not', () => {
  expect(judge([interval], [firing(101_000), resolved(101_000, 107_000)], [], tolerance)).toMatchObject({
    falseResolves: [interval],
  })
  const next = { ...interval, firesAtMs: 120_000, resolvesAtMs: 132_000 }
  const kept = [firing(101_000), resolved(101_000, 123_000), firing(124_000)]
  const away = { fromMs: 119_000, toMs: 123_500 }
  expect(judge([interval, next], kept, [away], tolerance)).toMatchObject({ lost: [], falseResolves: [] })
  const seen = [firing(101_000), resolved(101_000, 129_000), firing(130_000)]
  expect(judge([interval, next], seen, [], tolerance)).toMatchObject({ falseResolves: [next] })
})

test('an alert that begins anew, while nobody told the end of the one before, has no false end', () => {
  const anew = [firing(101_000), firing(106_000)]
  expect(judge([interval], anew, [], tolerance)).toEqual(fine)
  expect(judge([interval], [...anew, resolved(101_000, 120_000)], [], tolerance)).toEqual(fine)
  expect(judge([interval], [...anew, resolved(106_000, 108_000)], [], tolerance).falseResolves).toEqual([
    interval,
  ])
})

test('an alert without a reason is seen, also if its organization has had one long before', () => {
  const before = [firing(101_000), resolved(101_000, 112_000)]
  const groundless = (startsAtMs: number, outages: readonly Outage[] = []): number =>
    judge([interval], [...before, firing(startsAtMs)], outages, tolerance).groundless.length
  expect(groundless(200_000)).toBe(1)
  expect(groundless(98_000)).toBe(1)
  // As long as a series is taken for there, and as an outage held up what ends it.
  expect(groundless(116_000)).toBe(0)
  expect(groundless(126_000, [{ fromMs: 111_000, toMs: 122_000 }])).toBe(0)
  expect(groundless(200_000, [{ fromMs: 111_000, toMs: 122_000 }])).toBe(1)
})

test('growth is what is left after collections, per minute', () => {
  const sawtooth = Array.from({ length: 600 }, (_, second) => ({
    atMs: second * 1000,
    value: 1e7 + second * 1000 + (second % 10) * 1e6,
  }))
  expect(slopePerMinute(sawtooth)).toBeCloseTo(60_000, 0)
  expect(slopePerMinute(sawtooth.map(({ atMs, value }) => ({ atMs, value: value - atMs })))).toBeCloseTo(0, 0)
  expect(slopePerMinute([])).toBe(0)
})
