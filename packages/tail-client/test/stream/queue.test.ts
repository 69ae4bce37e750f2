import fc from 'fast-check'
import { expect, test } from 'vitest'
import { bytesOf, type RawBatch, rowsIn } from '../../src/stream/batches.js'
import { BatchQueue } from '../../src/stream/queue.js'
import { sum, toldBatch } from '../support/decode.js'
import { runsOf, type Told } from '../support/rows.js'

function batch(
  kind: RawBatch['kind'],
  lower: bigint,
  ...updates: readonly Omit<Told, 'timestamp'>[]
): RawBatch {
  const runs = runsOf(updates.map(update => ({ ...update, timestamp: lower })))
  return { kind, lower, upper: lower + 1n, runs, bytes: bytesOf(runs) }
}

const rows = (count: number): readonly Omit<Told, 'timestamp'>[] =>
  Array.from({ length: count }, (_, index) => ({ diff: 1, raw: `row ${index}` }))

async function taken(queue: BatchQueue): Promise<readonly RawBatch[]> {
  queue.complete()
  const batches: RawBatch[] = []
  for (let next = await queue.take(); next; next = await queue.take()) batches.push(next)
  return batches
}

test('T4: what is around the rows counts too: many small batches are more bytes than their text', () => {
  const queue = new BatchQueue()
  for (let at = 1n; at <= 1000n; at++) queue.put(batch('changes', at, { diff: 1, raw: 'a' }))
  // Measured: about 600 for each.
  expect(queue.bytes).toBeGreaterThan(1000 * 500)
  const one = batch('changes', 1n, ...rows(1000))
  const text = one.runs.reduce((sum, { bytes }) => sum + bytes, 0)
  expect(one.bytes).toBeGreaterThan(text + 1000 * 16)
  expect(one.bytes).toBeLessThan(text + 1000 * 16 + 1000)
})

test('T4: what was merged counts as what it came to', async () => {
  const queue = new BatchQueue()
  for (let at = 1n; at <= 1000n; at++) queue.put(batch('changes', at, { diff: at % 2n ? 1 : -1, raw: 'a' }))
  queue.merge()
  expect(queue.bytes).toBeLessThan(1000)
  expect((await taken(queue)).map(({ kind, lower, upper }) => [kind, lower, upper])).toEqual([
    ['progress', 1n, 1001n],
  ])
  expect(queue.bytes).toBe(0)
})

test('T2: neither a snapshot nor a big batch is merged, and what stands around them comes in its order', async () => {
  const queue = new BatchQueue()
  const snapshot = batch('snapshot', 1n, ...rows(100))
  const big = batch('changes', 4n, ...rows(10_001))
  queue.put(snapshot)
  queue.put(batch('changes', 2n, { diff: 1, raw: 'a' }))
  queue.put(batch('changes', 3n, { diff: 1, raw: 'b' }, { diff: -1, raw: 'a' }))
  queue.put(big)
  queue.put(batch('changes', 5n, { diff: 1, raw: 'c' }))
  queue.merge()
  const batches = await taken(queue)
  expect(batches.map(({ kind, lower, upper }) => [kind, lower, upper])).toEqual([
    ['snapshot', 1n, 2n],
    ['merged', 2n, 4n],
    ['changes', 4n, 5n],
    ['changes', 5n, 6n],
  ])
  expect([batches[0], batches[2]]).toEqual([snapshot, big])
  expect(batches[1] && toldBatch(batches[1]).updates).toEqual([{ timestamp: 3n, diff: 1, raw: 'b' }])
})

test('T4: merging at once is bounded work, however much waits; the rest is merged the next time', async () => {
  const queue = new BatchQueue()
  for (let at = 1n; at <= 100n; at++) queue.put(batch('changes', at, ...rows(1000)))
  queue.merge()
  const once = queue.bytes
  for (let i = 0; i < 20; i++) queue.merge()
  expect(queue.bytes).toBeLessThan(once)
  const batches = await taken(queue)
  expect(batches.at(-1)?.upper).toBe(101n)
  expect(batches.map(rowsIn).every(count => count === 1000)).toBe(true)
  expect(batches.length).toBeLessThan(100)
})

const change = fc.record({ raw: fc.constantFrom('a', 'b', 'c', 'd'), diff: fc.constantFrom(-2, -1, 1, 2, 3) })
const written = fc.array(fc.array(change, { maxLength: 6 }), { minLength: 1, maxLength: 40 })
const actions = fc.infiniteStream(fc.constantFrom('put', 'put', 'take', 'merge'))

test('T2: however often what waits is merged, and whenever it is taken, every batch brings its consumer to the view at its end', async () => {
  await fc.assert(
    fc.asyncProperty(written, actions, async (timestamps, order) => {
      const batches = timestamps.map((updates, index) =>
        batch(
          index === 0 ? 'snapshot' : updates.length > 0 ? 'changes' : 'progress',
          BigInt(index),
          ...updates,
        ),
      )
      const views = new Map<bigint, ReadonlyMap<string, number>>()
      const given = batches.map(toldBatch)
      for (const [index, { upper }] of given.entries()) views.set(upper, sum(given.slice(0, index + 1)))
      const queue = new BatchQueue()
      const got: ReturnType<typeof toldBatch>[] = []
      const takeOne = async (): Promise<void> => {
        const next = await queue.take()
        if (!next) return
        const last = got.at(-1)
        got.push(toldBatch(next))
        expect(next.lower).toBe(last?.upper ?? 0n)
        expect(sum(got)).toEqual(views.get(next.upper))
        const times = toldBatch(next).updates.map(({ timestamp }) => timestamp)
        if (next.kind === 'merged') {
          expect(new Set(toldBatch(next).updates.map(({ raw }) => raw)).size).toBe(times.length)
          expect(times.every(time => time === next.upper - 1n)).toBe(true)
        }
      }
      let put = 0
      while (put < batches.length) {
        const action = order.next().value
        if (action === 'merge') queue.merge()
        else if (action === 'take' && got.at(-1)?.upper !== batches[put - 1]?.upper) await takeOne()
        else {
          const next = batches[put++]
          if (next) queue.put(next)
        }
      }
      queue.complete()
      for (let before = -1; before !== got.length; ) {
        before = got.length
        await takeOne()
      }
      expect(got.at(-1)?.upper).toBe(batches.at(-1)?.upper)
      expect(queue.bytes).toBe(0)
    }),
  )
})
