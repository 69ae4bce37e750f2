import { accumulate, consolidate, type LineChange } from '../evaluate/multiset.js'

/** The changes that a view had at one timestamp. */
export interface Moment {
  readonly timestamp: number
  readonly changes: readonly LineChange[]
}

/** What a change takes in memory besides its text: an array, a string's head, a number. */
const changeBytes = 80

/**
 * The changes of one view since a timestamp, without a gap, so that its contents at any time from then on are known:
 * those of now, with the changes since taken back.
 */
export class History {
  #moments: Moment[] = []
  #since = 0
  #bytes = 0

  /** The first timestamp at which the contents are known. */
  get since(): number {
    return this.#since
  }

  /** About how much memory it takes. */
  get bytes(): number {
    return this.#bytes
  }

  /** Knows nothing before `timestamp`. */
  startAt(timestamp: number): void {
    this.#moments = []
    this.#bytes = 0
    this.#since = timestamp
  }

  /** Adds what changed at a timestamp that is later than all before. */
  add(timestamp: number, changes: readonly LineChange[]): void {
    this.#moments.push({ timestamp, changes })
    this.#bytes += bytesOf(changes)
  }

  /** Forgets what is not needed to know the contents from `floor` on. */
  trim(floor: number): void {
    const kept = this.#moments.findIndex(moment => moment.timestamp > floor)
    this.#forget(kept < 0 ? this.#moments.length : kept)
  }

  /** Forgets the oldest changes, but what is needed to know the contents from `floor` on. False if there are none. */
  shed(floor: number): boolean {
    const [oldest] = this.#moments
    if (oldest === undefined || oldest.timestamp > floor) return false
    this.#forget(1)
    return true
  }

  /** What happened after `timestamp`, in order. */
  after(timestamp: number): readonly Moment[] {
    const first = this.#moments.findIndex(moment => moment.timestamp > timestamp)
    return first < 0 ? [] : this.#moments.slice(first)
  }

  /** The contents at `timestamp`, from those after all that is in here. */
  contentsAt(timestamp: number, now: readonly LineChange[]): readonly LineChange[] {
    const missed = this.after(timestamp)
    if (missed.length === 0) return now
    const rows = new Map(now)
    for (const { changes } of missed) {
      const undone = changes.map(([line, diff]): LineChange => [line, -diff])
      accumulate(rows, undone)
    }
    return consolidate(rows)
  }

  #forget(count: number): void {
    for (const { timestamp, changes } of this.#moments.splice(0, count)) {
      this.#since = timestamp
      this.#bytes -= bytesOf(changes)
    }
  }
}

function bytesOf(changes: readonly LineChange[]): number {
  return changes.reduce((sum, [line]) => sum + line.length + changeBytes, changeBytes)
}
