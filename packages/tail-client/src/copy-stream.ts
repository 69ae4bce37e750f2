import { LineReader, viewOf } from './copy/lines.js'
import { LineParser } from './rows/line.js'
import { rowDecoder } from './rows/row.js'
import { updatesOf } from './rows/updates.js'
import { eventLoopTurn, inTurns } from './steps.js'
import { BatchBuilder, endOfTime, type RawBatch } from './stream/batches.js'
import { Delivery } from './stream/delivery.js'
import type { Batch } from './types/batch.js'
import type { Column, Generation } from './types/connection.js'
import type { UnknownRow } from './types/update.js'
import type { ValueOptions } from './types/values.js'

/** What `fromCopyStream()` must know, since a COPY says nothing of its columns. */
export interface CopyStreamOptions extends ValueOptions {
  /** The relation's own columns, in order. */
  readonly columns: readonly Column[]
  /** Default: `subscribe`. */
  readonly generation?: Generation
  /** Whether the statement asked for the contents. Default: true. */
  readonly snapshot?: boolean
  /** Default: 1 GiB. */
  readonly maxBatchBytes?: number
  /** A longer row is refused with `ROW_TOO_LARGE`. Default: 64 MiB. */
  readonly maxRowBytes?: number
}

/**
 * Closed batches from the bytes of a `COPY (TAIL | SUBSCRIBE … WITH (PROGRESS)) TO STDOUT` that somebody else reads, such as
 * pg-copy-streams. Chunks may end anywhere. What is not closed when the bytes end is never shown, but for a constant view, which is
 * complete; whether the server ended well is not visible in the bytes, and nothing reconnects: `tail()` does both. Throws as `tail()`
 * does for what it cannot read.
 */
export async function* fromCopyStream<Row = UnknownRow>(
  stream: AsyncIterable<Uint8Array>,
  options: CopyStreamOptions,
): AsyncGenerator<Batch<Row>, void> {
  const { columns, generation = 'subscribe', snapshot = true } = options
  const { maxBatchBytes = 2 ** 30, maxRowBytes = 2 ** 26 } = options
  const decode = rowDecoder(columns, options)
  const builder = new BatchBuilder(generation, snapshot ? 'snapshot' : 'no snapshot', maxBatchBytes, 0)
  // One stream and no other after it: nothing has to be held.
  const delivery = new Delivery('fail', false, 0)
  let closed: RawBatch[] = []
  let latest = 0n
  const parser = new LineParser({
    update: (timestamp, diff, bytes, view, from, to) => {
      latest = timestamp
      return builder.update(timestamp, diff, bytes, view, from, to)
    },
    progress: timestamp => {
      latest = timestamp
      closed.push(...builder.progress(timestamp))
    },
  })
  const lines = new LineReader((bytes, view, from, to) => parser.parse(bytes, view, from, to), maxRowBytes)
  async function* taken(): AsyncGenerator<Batch<Row>, void> {
    const ready = closed
    closed = []
    for (const raw of ready) {
      const batch = await inTurns(delivery.deliver(raw), eventLoopTurn)
      if (!batch) continue
      const { kind, lower, upper, runs } = batch
      yield { kind, lower, upper, updates: updatesOf<Row>(runs, decode) }
    }
  }
  for await (const chunk of stream) {
    const bytes = Buffer.from(chunk.buffer, chunk.byteOffset, chunk.byteLength)
    lines.push(bytes, viewOf(bytes), 0, bytes.length)
    yield* taken()
  }
  if (latest < endOfTime || lines.pendingBytes > 0) return
  closed.push(...builder.end())
  yield* taken()
}
