import { TailError } from '../errors.js'
import { RowLog } from '../log/row-log.js'
import { Run } from '../log/run.js'
import { copyRecord, diffAt, hashAt, nextAt, type Segment, setDiffAt } from '../log/segment.js'
import { offsetOf, placeOf, RowTable, spanIndexOf } from '../log/table.js'
import type { Steps } from '../steps.js'

/** Places of rows that are gone stay until they are more bytes than the others, and more than this. */
const minFreeBytes = 1024 * 1024

/**
 * What the consumer has: the multiplicity of each row, by its text. Lets a new snapshot be answered with the net difference alone.
 * Holds one record per distinct row, outside of the JavaScript heap; at most `maxHeldRows`, beyond which it throws `TOO_MANY_ROWS`.
 */
export class HeldRows {
  readonly #maxHeldRows: number
  #records = new Records()

  constructor(maxHeldRows: number) {
    this.#maxHeldRows = maxHeldRows
  }

  get size(): number {
    return this.#records.table.size
  }

  /** Of the records, also of those whose row is gone. */
  get bytes(): number {
    return this.#records.bytes
  }

  *apply(runs: readonly Run[]): Steps<void> {
    if (this.size === 0) this.#records.table.reserve(runs.reduce((sum, { count }) => sum + count, 0))
    for (const { spans } of runs)
      for (const { segment, from, to } of spans) {
        for (let at = from; at < to; at = nextAt(segment, at)) this.#add(segment, at)
        yield
      }
    if (this.size > this.#maxHeldRows)
      throw new TailError(
        'TOO_MANY_ROWS',
        `The view has more than ${this.#maxHeldRows} distinct rows. Raise maxHeldRows, or tail a smaller view.`,
      )
    const { bytes, freeBytes } = this.#records
    if (freeBytes > minFreeBytes && freeBytes * 2 > bytes) yield* this.#compact()
  }

  /**
   * Becomes `next`, which is not to be used any more, and gives the updates that lead to it from what was held, all at `timestamp`:
   * retractions of what is gone first, then what is new. Nothing changed: nothing comes.
   */
  *reconcile(next: HeldRows, timestamp: bigint): Steps<Run> {
    const before = this.#records
    const after = next.#records
    const net = new Records(timestamp)
    yield* before.visit((segment, at, multiplicity) => {
      const diff = after.multiplicity(segment, at) - multiplicity
      if (diff < 0) net.append(segment, at, diff)
    })
    yield* after.visit((segment, at, multiplicity) => {
      const diff = multiplicity - before.multiplicity(segment, at)
      if (diff > 0) net.append(segment, at, diff)
    })
    this.#records = after
    return net.run
  }

  /** What is held, as updates. */
  *entries(timestamp: bigint): Steps<Run> {
    const copy = new Records(timestamp)
    yield* this.#records.visit((segment, at, multiplicity) => copy.append(segment, at, multiplicity))
    return copy.run
  }

  #add(segment: Segment, at: number): void {
    const { table } = this.#records
    const diff = diffAt(segment, at)
    const slot = table.find(segment, at)
    if (slot < 0) return this.#records.insert(~slot, segment, at, diff)
    const heldIn = table.segmentIn(slot)
    const heldAt = table.atIn(slot)
    const multiplicity = diffAt(heldIn, heldAt) + diff
    setDiffAt(heldIn, heldAt, multiplicity)
    if (multiplicity === 0) this.#records.remove(slot)
  }

  *#compact(): Steps<void> {
    const compacted = new Records()
    compacted.table.reserve(this.size)
    yield* this.#records.visit((segment, at, multiplicity) => {
      compacted.insert(~compacted.table.find(segment, at), segment, at, multiplicity)
    })
    this.#records = compacted
  }
}

/** Copies of records, and where they are. The place of a row that is gone is used again for one that takes as many bytes. */
class Records {
  readonly run: Run
  readonly table: RowTable
  readonly #log = new RowLog()
  /** Free places, by how many times 8 bytes they take. */
  readonly #free: number[][] = []
  /** Of all records, also of those whose row is gone. */
  bytes = 0
  freeBytes = 0

  constructor(timestamp = 0n) {
    this.run = new Run(timestamp)
    this.table = new RowTable(this.run.spans)
  }

  append(segment: Segment, at: number, diff: number): void {
    this.#log.copy(segment, at, diff)
    this.run.add(this.#log.segment, this.#log.at)
    this.bytes += nextAt(segment, at) - at
  }

  insert(slot: number, segment: Segment, at: number, diff: number): void {
    const size = nextAt(segment, at) - at
    const free = this.#free[size / 8]?.pop()
    if (free === undefined) this.append(segment, at, diff)
    else {
      copyRecord(segment, at, this.#segmentOf(free), offsetOf(free), diff)
      this.freeBytes -= size
    }
    this.table.insert(slot, free ?? placeOf(this.run.spans.length - 1, this.#log.at), hashAt(segment, at))
  }

  remove(slot: number): void {
    const place = this.table.delete(slot)
    const segment = this.#segmentOf(place)
    const size = nextAt(segment, offsetOf(place)) - offsetOf(place)
    this.freeBytes += size
    const free = this.#free[size / 8]
    if (free) free.push(place)
    else this.#free[size / 8] = [place]
  }

  #segmentOf(place: number): Segment {
    const span = this.run.spans[spanIndexOf(place)]
    if (span === undefined) throw new RangeError(`No span at place ${place}.`)
    return span.segment
  }

  /** How often the row of some record is there. */
  multiplicity(segment: Segment, at: number): number {
    const slot = this.table.find(segment, at)
    return slot < 0 ? 0 : diffAt(this.table.segmentIn(slot), this.table.atIn(slot))
  }

  /** Calls `visitor` for each row that is there. */
  *visit(visitor: (segment: Segment, at: number, multiplicity: number) => void): Steps<void> {
    for (const { segment, from, to } of this.run.spans) {
      for (let at = from; at < to; at = nextAt(segment, at)) {
        const multiplicity = diffAt(segment, at)
        if (multiplicity !== 0) visitor(segment, at, multiplicity)
      }
      yield
    }
  }
}
