import { BatchBuilder, type Beginning, type RawBatch } from '../../src/stream/batches.js'
import { CopyDecoder, type Ending } from '../../src/stream/decoder.js'
import type { Generation } from '../../src/types/connection.js'
import { type Told, told } from './rows.js'

/** A closed batch, its updates without their rows. */
export type ToldBatch = Omit<RawBatch, 'runs'> & { readonly updates: readonly Told[] }

export interface Decoded {
  readonly batches: readonly ToldBatch[]
  readonly ending: Ending | undefined
}

/** Decodes the bytes of a stream, cut into chunks of `chunkBytes`. */
export function decode(
  bytes: Buffer,
  {
    generation,
    columnCount,
    beginning = 'snapshot',
    chunkBytes = bytes.length,
  }: {
    readonly generation: Generation
    readonly columnCount: number
    readonly beginning?: Beginning
    readonly chunkBytes?: number
  },
): Decoded {
  const builder = new BatchBuilder(generation, beginning, 1e9, 0)
  const decoder = new CopyDecoder(builder, { columnCount, maxRowBytes: 1e8, onNotice: () => {} })
  const batches: RawBatch[] = []
  for (let at = 0; at < bytes.length; at += chunkBytes)
    batches.push(...decoder.push(bytes.subarray(at, at + chunkBytes)))
  return { batches: batches.map(toldBatch), ending: decoder.ending }
}

export function toldBatch({ runs, ...batch }: RawBatch): ToldBatch {
  return { ...batch, updates: told(runs) }
}

/** Adds up the updates of batches: row text to multiplicity. */
export function sum(
  batches: readonly { readonly updates: readonly { raw: string; diff: number }[] }[],
): Map<string, number> {
  const rows = new Map<string, number>()
  for (const { updates } of batches)
    for (const { raw, diff } of updates) {
      const multiplicity = (rows.get(raw) ?? 0) + diff
      if (multiplicity === 0) rows.delete(raw)
      else rows.set(raw, multiplicity)
    }
  return rows
}
