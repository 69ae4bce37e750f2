import type { Checkpoint } from './checkpoint.js'
import { TailError } from './errors.js'
import type { RawBatch } from './stream/batches.js'
import type { ResumableBatch } from './types/batch.js'
import type { Update } from './types/update.js'

/** A closed batch as the consumer gets it, or a part of one: with a token that is made only for who asks. */
export class ClosedBatch<Row> implements ResumableBatch<Row> {
  readonly kind: ResumableBatch<Row>['kind']
  readonly updates: readonly Update<Row>[]
  readonly lower: bigint
  readonly upper: bigint
  readonly part: ResumableBatch<Row>['part']
  readonly #checkpoint: Checkpoint

  constructor(
    { kind, lower, upper }: RawBatch,
    updates: readonly Update<Row>[],
    part: ResumableBatch<Row>['part'],
    checkpoint: Checkpoint,
  ) {
    this.kind = kind
    this.updates = updates
    this.lower = lower
    this.upper = upper
    this.part = part
    this.#checkpoint = checkpoint
  }

  get token(): string {
    return this.#whole().token(this.upper)
  }

  async commit(): Promise<void> {
    return this.#whole().commit(this.upper)
  }

  #whole(): Checkpoint {
    if (this.part && !this.part.isLast)
      throw new TailError(
        'COMMIT_REFUSED',
        `This is part ${this.part.index} of a batch, and not the last: nobody can go on after it. Commit the last part.`,
      )
    return this.#checkpoint
  }
}
