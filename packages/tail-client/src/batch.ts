import type { Checkpoint } from './checkpoint.js'
import type { RowDecoder } from './rows/row.js'
import type { RawBatch } from './stream/batches.js'
import type { RawUpdate } from './stream/consolidate.js'
import type { ResumableBatch, Update } from './types.js'

/** Fills in the rows of updates, each once. Throws `DECODE` or `SCHEMA_MISMATCH` for a row that does not fit the columns. */
export function decodeRows<Row>(updates: readonly RawUpdate[], decode: RowDecoder): readonly Update<Row>[] {
  for (const update of updates) update.row = decode(update.raw)
  return updates as readonly Update<Row>[]
}

/** A closed batch as the consumer gets it: rows decoded, and a token that is made only for who asks. */
export class ClosedBatch<Row> implements ResumableBatch<Row> {
  readonly kind: ResumableBatch<Row>['kind']
  readonly updates: readonly Update<Row>[]
  readonly lower: bigint
  readonly upper: bigint
  readonly #checkpoint: Checkpoint

  /** Throws `DECODE` or `SCHEMA_MISMATCH` for a row that does not fit the columns. */
  constructor({ kind, updates, lower, upper }: RawBatch, decode: RowDecoder, checkpoint: Checkpoint) {
    this.kind = kind
    this.updates = decodeRows(updates, decode)
    this.lower = lower
    this.upper = upper
    this.#checkpoint = checkpoint
  }

  get token(): string {
    return this.#checkpoint.token(this.upper)
  }

  commit(): Promise<void> {
    return this.#checkpoint.commit(this.upper)
  }
}
