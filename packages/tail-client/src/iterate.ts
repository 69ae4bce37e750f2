import { ClosedBatch } from './batch.js'
import type { Checkpoint } from './checkpoint.js'
import type { Delivered } from './reception.js'
import type { RowDecoder } from './rows/row.js'
import { portionsOf, updatesOf } from './rows/updates.js'
import { eventLoopTurn } from './steps.js'
import { type RawBatch, rowsIn } from './stream/batches.js'
import type { Change, KeyedRows } from './stream/changes.js'
import type { ResumableBatch } from './types/batch.js'
import type { Update } from './types/update.js'

/** So many rows are some milliseconds of work: a loop that waits for nothing else must not starve the rest of the process. */
const manyRows = 500
/** A portion of them is a few milliseconds of work. */
const portionRows = 2000

/** Batches, those of more than `partRows` rows in parts. */
export async function* batchesIn<Row>(
  source: AsyncIterable<Delivered>,
  partRows: number,
  checkpoint: Checkpoint,
): AsyncGenerator<ResumableBatch<Row>, undefined> {
  for await (const delivered of source) {
    const { batch, decode, handOver } = delivered
    const rows = rowsIn(batch)
    if (rows <= partRows) {
      const updates =
        rows > manyRows ? await inPortions<Row>(batch, decode) : updatesOf<Row>(batch.runs, decode)
      handOver()
      yield new ClosedBatch<Row>(batch, updates, undefined, checkpoint)
    } else yield* partsOf<Row>(delivered, partRows, checkpoint)
  }
  return undefined
}

/** A generator of its own: what it has worked with is let go with its end, and not kept by one that waits for the next batch. */
async function* partsOf<Row>(
  { batch, decode, handOver }: Delivered,
  partRows: number,
  checkpoint: Checkpoint,
): AsyncGenerator<ResumableBatch<Row>, undefined> {
  let index = 0
  let waiting: readonly Update<Row>[] | undefined
  // Rows may be left out: which part is the last is known when no other comes.
  for (const updates of portionsOf<Row>(batch.runs, decode, partRows)) {
    if (waiting) yield new ClosedBatch<Row>(batch, waiting, { index: index++, isLast: false }, checkpoint)
    waiting = updates
    await eventLoopTurn()
  }
  handOver()
  yield new ClosedBatch<Row>(batch, waiting ?? [], { index, isLast: true }, checkpoint)
  return undefined
}

async function inPortions<Row>({ runs }: RawBatch, decode: RowDecoder): Promise<readonly Update<Row>[]> {
  const updates: Update<Row>[] = []
  for (const portion of portionsOf<Row>(runs, decode, portionRows)) {
    for (const update of portion) updates.push(update)
    await eventLoopTurn()
  }
  return updates
}

/** Updates, decoded a portion at a time. */
export async function* updatesIn<Row>(
  source: AsyncIterable<Delivered>,
): AsyncGenerator<Update<Row>, undefined> {
  const isTurn = turnAfterManyRows()
  for await (const { batch, decode, handOver } of source) {
    let waiting: readonly Update<Row>[] = []
    for (const updates of portionsOf<Row>(batch.runs, decode, 1)) {
      yield* waiting
      if (isTurn(waiting.length)) await eventLoopTurn()
      waiting = updates
    }
    handOver()
    yield* waiting
    if (isTurn(waiting.length)) await eventLoopTurn()
  }
  return undefined
}

/** Changes by key, a timestamp at a time. */
export async function* changesIn<Row>(
  source: AsyncIterable<Delivered>,
  keyed: KeyedRows<Row>,
): AsyncGenerator<Change<Row>, undefined> {
  const isTurn = turnAfterManyRows()
  for await (const { batch, decode, handOver } of source) {
    const last = batch.runs.at(-1)
    if (!last) handOver()
    for (const run of batch.runs) {
      const changes = keyed.apply(updatesOf<Row>([run], decode))
      if (run === last) handOver()
      yield* changes
      if (isTurn(run.count)) await eventLoopTurn()
    }
  }
  return undefined
}

/** Whether it is time to give way, by how many rows there were since: a batch may have one row at each of many timestamps. */
function turnAfterManyRows(): (rows: number) => boolean {
  let since = 0
  return rows => {
    since += rows
    if (since < manyRows) return false
    since = 0
    return true
  }
}

/** `return` must not wait for the server: it closes the stream first, which settles whatever is being waited for. */
export function closable<T>(
  generator: AsyncGenerator<T, undefined>,
  stream: { close(): Promise<void> },
): AsyncGenerator<T, undefined> {
  const iterator: AsyncGenerator<T, undefined> = {
    next: () => generator.next(),
    return: async () => {
      await stream.close()
      return generator.return(undefined)
    },
    throw: async error => {
      await stream.close()
      return generator.throw(error)
    },
    [Symbol.asyncIterator]: () => iterator,
    [Symbol.asyncDispose]: async () => void (await iterator.return(undefined)),
  }
  return iterator
}
