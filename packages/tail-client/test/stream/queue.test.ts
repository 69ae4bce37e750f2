import { expect, test } from 'vitest'
import type { RawBatch } from '../../src/stream/batches.js'
import { BatchQueue } from '../../src/stream/queue.js'
import type { BatchKind } from '../../src/types.js'
import { runsOf, told } from '../support/rows.js'

function batch(kind: BatchKind, lower: bigint, upper: bigint, raw: string, diff: number): RawBatch {
  return { kind, lower, upper, bytes: raw.length, runs: runsOf([{ timestamp: lower, diff, raw }]) }
}

test('T70: a snapshot that is merged with what followed says of which timestamp it now is', async () => {
  const queue = new BatchQueue()
  queue.put(batch('snapshot', 10n, 11n, 'a', 1))
  queue.put(batch('changes', 11n, 15n, 'a', -1))
  queue.put(batch('changes', 15n, 20n, 'b', 1))
  queue.merge()
  const merged = await queue.take()
  expect(merged).toMatchObject({ kind: 'snapshot', lower: 19n, upper: 20n })
  expect(told(merged?.runs ?? [])).toEqual([{ timestamp: 19n, diff: 1, raw: 'b' }])
})
