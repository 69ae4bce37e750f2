import { Multiset } from './stream/collection.js'
import type { Batch } from './types.js'

/** Where a collection takes its batches from. */
export interface BatchSource<Row> {
  batches(): AsyncIterable<Batch<Row>>
  close(): Promise<void>
}

/** The contents of a relation, kept current from the moment it is made until it is closed. */
export class LiveCollection<Row> implements AsyncDisposable {
  readonly #source: BatchSource<Row>
  readonly #contents = new Multiset<Row>()
  #frontier = 0n
  /** Resolves when the first snapshot is in; rejects if the stream fails before. */
  readonly ready: Promise<void>
  /** Resolves when the stream has ended, also by `close`; rejects with what ended it. */
  readonly ended: Promise<void>

  constructor(source: BatchSource<Row>) {
    this.#source = source
    let isReady: () => void = () => {}
    const first = new Promise<void>(resolve => {
      isReady = resolve
    })
    this.ended = this.#follow(isReady)
    this.ready = Promise.race([first, this.ended])
    // Whoever wants to know awaits them; nobody must.
    this.ended.catch(() => {})
    this.ready.catch(() => {})
  }

  /** Every row, as often as it is there. */
  rows(): readonly Row[] {
    return this.#contents.rows()
  }

  /** Each distinct row once, with its multiplicity. */
  entries(): Generator<readonly [row: Row, multiplicity: number]> {
    return this.#contents.entries()
  }

  /** How many distinct rows there are. */
  get size(): number {
    return this.#contents.size
  }

  /** The contents are complete up to here, exclusively. */
  get frontier(): bigint {
    return this.#frontier
  }

  async close(): Promise<void> {
    await this.#source.close()
    await this.ended.catch(() => {})
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close()
  }

  async #follow(isReady: () => void): Promise<void> {
    for await (const batch of this.#source.batches()) {
      this.#contents.apply(batch)
      this.#frontier = batch.upper
      isReady()
    }
  }
}
