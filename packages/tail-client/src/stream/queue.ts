import { finish } from '../steps.js'
import { bytesOf, type RawBatch } from './batches.js'
import { HeldRows } from './held.js'

type Outcome = { readonly kind: 'complete' } | { readonly kind: 'failed'; readonly reason: unknown }

/**
 * Closed batches between the socket and the consumer: put synchronously, taken one at a time, ended once.
 * Everything put before the end is taken before the end is told. Progress that nobody has read yet is merged, so that an idle
 * stream and a consumer that does not come cost nothing.
 */
export class BatchQueue {
  readonly #batches: RawBatch[] = []
  #bytes = 0
  #outcome: Outcome | undefined
  #wake: (() => void) | undefined

  /** Length of the rows' text that waits to be taken. */
  get bytes(): number {
    return this.#bytes
  }

  /** Why it failed, if it did. */
  get failure(): unknown {
    return this.#outcome?.kind === 'failed' ? this.#outcome.reason : undefined
  }

  put(batch: RawBatch): void {
    const last = this.#batches.at(-1)
    if (batch.kind === 'progress' && last?.kind === 'progress')
      this.#batches[this.#batches.length - 1] = { ...last, upper: batch.upper }
    else {
      this.#batches.push(batch)
      this.#bytes += batch.bytes
    }
    this.#wake?.()
  }

  /**
   * Makes one batch of all that wait, which says what they come to: as many rows as differ, whatever came and went in between. It
   * spans all of them, and its updates carry the last timestamp of the span.
   */
  merge(): void {
    const [first] = this.#batches
    const last = this.#batches.at(-1)
    if (!first || !last || first === last) return
    const rows = new HeldRows(Number.POSITIVE_INFINITY)
    for (const { runs } of this.#batches) finish(rows.apply(runs))
    const run = finish(rows.entries(last.upper - 1n))
    const runs = run.count > 0 ? [run] : []
    const kind = first.kind === 'snapshot' ? 'snapshot' : runs.length > 0 ? 'merged' : 'progress'
    this.#bytes = bytesOf(runs)
    this.#batches.splice(0, this.#batches.length, {
      kind,
      runs,
      // A snapshot's lower is what it is as of.
      lower: kind === 'snapshot' ? last.upper - 1n : first.lower,
      upper: last.upper,
      bytes: this.#bytes,
    })
  }

  complete(): void {
    this.#outcome ??= { kind: 'complete' }
    this.#wake?.()
  }

  /** The first reason counts. */
  fail(reason: unknown): void {
    this.#outcome ??= { kind: 'failed', reason }
    this.#wake?.()
  }

  /** The next batch; undefined after `complete`; rejects after `fail`. One taker at a time. */
  async take(): Promise<RawBatch | undefined> {
    while (this.#batches.length === 0 && !this.#outcome) {
      await new Promise<void>(resolve => {
        this.#wake = resolve
      })
      this.#wake = undefined
    }
    const batch = this.#batches.shift()
    if (batch) {
      this.#bytes -= batch.bytes
      return batch
    }
    if (this.#outcome?.kind === 'failed') throw this.#outcome.reason
    return undefined
  }
}
