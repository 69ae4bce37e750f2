import type { Checkpoint } from './checkpoint.js'
import type { RowDecoder } from './rows/row.js'
import { updatesOf } from './rows/updates.js'
import type { RawBatch } from './stream/batches.js'
import type { ResumableBatch, Update } from './types.js'

/** A closed batch as the consumer gets it: rows decoded, and a token that is made only for who asks. */
export class ClosedBatch<Row> implements ResumableBatch<Row> {
  readonly kind: ResumableBatch<Row>['kind']
  readonly updates: readonly Update<Row>[]
  readonly lower: bigint
  readonly upper: bigint
  readonly #checkpoint: Checkpoint

  /** Throws `DECODE` or `SCHEMA_MISMATCH` for a row that does not fit the columns. */
  constructor({ kind, runs, lower, upper }: RawBatch, decode: RowDecoder, checkpoint: Checkpoint) {
    this.kind = kind
    this.updates = updatesOf(runs, decode)
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
