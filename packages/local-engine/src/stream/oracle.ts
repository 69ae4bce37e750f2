/**
 * Gives out timestamps: whole milliseconds, strictly increasing, following a clock as long as it goes forward.
 * If it stands still or goes back they go on by one. None is from before it was made: nobody knows what was then.
 */
export class Oracle {
  readonly #nowMs: () => number
  #last = 0
  #behindMs = 0

  constructor(nowMs: () => number) {
    this.#nowMs = nowMs
    this.#last = this.#clock() - 1
  }

  /** The greatest timestamp given out so far. */
  get last(): number {
    return this.#last
  }

  /** What time it is for a reader: the clock's time, and never before a timestamp that was given out. */
  now(): number {
    return Math.max(this.#clock(), this.#last)
  }

  /** A new timestamp. One of `wanted` whose time has come is taken exactly; the earliest first. */
  next(wanted: readonly number[] = []): number {
    const free = Math.max(this.#clock(), this.#last + 1)
    const due = wanted.filter(timestamp => timestamp > this.#last && timestamp <= free)
    this.#last = Math.min(free, ...due)
    return this.#last
  }

  /** Breaks the promise, for tests of those who rely on it: clock and timestamps go on from so much earlier. */
  goBack(ms: number): void {
    this.#behindMs += ms
    this.#last = Math.max(0, this.#last - ms)
  }

  #clock(): number {
    const now = Math.floor(this.#nowMs()) - this.#behindMs
    return Number.isSafeInteger(now) ? now : this.#last
  }
}
