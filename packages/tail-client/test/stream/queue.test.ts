import { expect, test } from 'vitest'
import { bytesOf, type RawBatch, rowsIn } from '../../src/stream/batches.js'
import { BatchQueue } from '../../src/stream/queue.js'
import { toldBatch } from '../support/decode.js'
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
