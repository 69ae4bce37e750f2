import { expect, test } from 'vitest'
import { finish } from '../../src/steps.js'
import type { RawBatch } from '../../src/stream/batches.js'
import { Delivery } from '../../src/stream/delivery.js'
import { toldBatch } from '../support/decode.js'
import { runsOf } from '../support/rows.js'

function batch(
  kind: RawBatch['kind'],
  lower: bigint,
  upper: bigint,
  ...updates: readonly [bigint, number, string][]
): RawBatch {
  return {
    kind,
    lower,
    upper,
    bytes: 0,
    runs: runsOf(updates.map(([timestamp, diff, raw]) => ({ timestamp, diff, raw }))),
  }
}

const told = (given: RawBatch | undefined): unknown =>
  given && [
    given.kind,
    given.lower,
    given.upper,
    toldBatch(given).updates.map(({ timestamp, diff, raw }) => [timestamp, diff, raw]),
  ]

test.each([true, false])(
  'T2: what the server sends twice for a timestamp is summed (rows held: %s)',
  hold => {
    const delivery = new Delivery('reconcile', hold, 100)
    expect(
      told(
        finish(delivery.deliver(batch('snapshot', 10n, 11n, [10n, 1, 'a'], [10n, 2, 'a'], [10n, 1, 'b']))),
      ),
    ).toEqual([
      'snapshot',
      10n,
      11n,
      [
        [10n, 3, 'a'],
        [10n, 1, 'b'],
      ],
    ])
    const changes = batch('changes', 11n, 13n, [11n, 1, 'c'], [11n, -1, 'c'], [12n, 1, 'c'])
    expect(told(finish(delivery.deliver(changes)))).toEqual(['changes', 11n, 13n, [[12n, 1, 'c']]])
    expect(told(finish(delivery.deliver(batch('changes', 13n, 14n, [13n, 1, 'd'], [13n, -1, 'd']))))).toEqual(
      ['progress', 13n, 14n, []],
    )
  },
)

test('T3: a snapshot that begins anew becomes the net difference once it has caught up, and what follows goes on', () => {
  const delivery = new Delivery('reconcile', true, 100)
  finish(delivery.deliver(batch('snapshot', 10n, 20n, [10n, 1, 'a'], [10n, 1, 'b'])))
  delivery.connected(true)
  expect(
    finish(delivery.deliver(batch('snapshot', 12n, 13n, [12n, 1, 'a'], [12n, 1, 'old']))),
  ).toBeUndefined()
  expect(delivery.frontier).toBe(20n)
  expect(told(finish(delivery.deliver(batch('changes', 13n, 25n, [14n, -1, 'old'], [24n, 1, 'c']))))).toEqual(
    [
      'reconciled',
      20n,
      25n,
      [
        [24n, -1, 'b'],
        [24n, 1, 'c'],
      ],
    ],
  )
  expect(told(finish(delivery.deliver(batch('progress', 25n, 26n))))).toEqual(['progress', 25n, 26n, []])
})

test('T24: a server that is far behind what was delivered is refused', () => {
  const delivery = new Delivery('reconcile', true, 100)
  finish(delivery.deliver(batch('snapshot', 999_999n, 1_000_000n)))
  delivery.connected(true)
  expect(() => finish(delivery.deliver(batch('snapshot', 10n, 11n)))).toThrow('[TIME_WENT_BACK]')
})

test('T3: a snapshot that broke off before it had caught up leaves nothing behind when the next connection resumes', () => {
  const delivery = new Delivery('reconcile', true, 100)
  finish(delivery.deliver(batch('snapshot', 10n, 20n, [10n, 1, 'a'], [10n, 1, 'b'])))
  delivery.connected(true)
  expect(finish(delivery.deliver(batch('snapshot', 12n, 13n, [12n, 1, 'a'])))).toBeUndefined()
  delivery.connected(false)
  expect(told(finish(delivery.deliver(batch('changes', 20n, 21n, [20n, 1, 'c']))))).toEqual([
    'changes',
    20n,
    21n,
    [[20n, 1, 'c']],
  ])
})

test('T24: a server that reads its history again from the beginning is given time to catch up, and then refused', () => {
  const delivery = new Delivery('reconcile', true, 100)
  finish(delivery.deliver(batch('snapshot', 1_000_000n, 2_000_000n, [1_000_000n, 1, 'a'])))
  let isLate = false
  delivery.connected(true, () => isLate)
  expect(
    finish(delivery.deliver(batch('snapshot', 1_000_000n, 1_000_001n, [1_000_000n, 1, 'a']))),
  ).toBeUndefined()
  expect(
    finish(delivery.deliver(batch('changes', 1_000_001n, 1_500_000n, [1_200_000n, 1, 'b']))),
  ).toBeUndefined()
  const caughtUp = batch('changes', 1_500_000n, 2_000_006n, [2_000_005n, 1, 'c'])
  expect(told(finish(delivery.deliver(caughtUp)))).toEqual([
    'reconciled',
    2_000_000n,
    2_000_006n,
    [
      [2_000_005n, 1, 'b'],
      [2_000_005n, 1, 'c'],
    ],
  ])
  delivery.connected(true, () => isLate)
  isLate = true
  expect(() => finish(delivery.deliver(batch('snapshot', 1_000_000n, 1_000_001n)))).toThrow(
    '[TIME_WENT_BACK]',
  )
})
