import { finish } from '../steps.js'
import { bytesOf, type RawBatch, rowsIn } from './batches.js'
import { HeldRows } from './held.js'

type Outcome = { readonly kind: 'complete' } | { readonly kind: 'failed'; readonly reason: unknown }

/** So many rows are merged into one batch, and so many at once: some milliseconds of work. */
const maxMergedRows = 10_000
const maxRowsAtOnce = 20_000

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

  /** About what waits to be taken, in memory. */
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
   * Makes one batch of small ones that follow each other, which says what they come to: as many rows as differ, whatever came and
   * went in between. It spans all of them, and its updates carry the last timestamp of the span. A snapshot, and what is big,
   * stays as it is: merging happens while the socket is read, and takes some milliseconds at most.
   */
  merge(): void {
    let rowsMerged = 0
    const batches: RawBatch[] = []
    let group: RawBatch[] = []
    let groupRows = 0
    const closeGroup = (): void => {
      if (group.length > 1 && rowsMerged + groupRows <= maxRowsAtOnce) {
        rowsMerged += groupRows
        batches.push(merged(group))
      } else batches.push(...group)
      group = []
      groupRows = 0
    }
    for (const batch of this.#batches) {
      const rows = batch.kind === 'snapshot' ? Number.POSITIVE_INFINITY : rowsIn(batch)
      if (groupRows + rows > maxMergedRows) closeGroup()
      group.push(batch)
      groupRows += rows
    }
    closeGroup()
    this.#batches.splice(0, this.#batches.length, ...batches)
    this.#bytes = batches.reduce((sum, { bytes }) => sum + bytes, 0)
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

function merged(batches: readonly RawBatch[]): RawBatch {
  const rows = new HeldRows(Number.POSITIVE_INFINITY)
  for (const { runs } of batches) finish(rows.apply(runs))
  const upper = batches.at(-1)?.upper ?? 0n
  const run = finish(rows.entries(upper - 1n))
  const runs = run.count > 0 ? [run] : []
  return {
    kind: runs.length > 0 ? 'merged' : 'progress',
    runs,
    lower: batches[0]?.lower ?? 0n,
    upper,
    bytes: bytesOf(runs),
  }
}
