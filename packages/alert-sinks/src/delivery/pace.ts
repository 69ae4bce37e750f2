/** When a sink may be called next: not too soon after the call before, not before it asked for, and not while it is left alone. */
export class Pace {
  readonly #minIntervalMs: number
  #spacedMs = 0
  #askedMs = 0
  #restMs = 0

  constructor(minIntervalMs: number) {
    this.#minIntervalMs = minIntervalMs
  }

  /** On the monotonic clock, in milliseconds; in the past if it may be called now. */
  get nextMs(): number {
    return Math.max(this.#spacedMs, this.#askedMs, this.#restMs)
  }

  called(nowMs: number): void {
    this.#spacedMs = nowMs + this.#minIntervalMs
  }

  /** It is left alone until then, by our choice. */
  rest(untilMs: number): void {
    this.#restMs = Math.max(this.#restMs, untilMs)
  }

  /** It asked not to be called before. */
  asked(untilMs: number): void {
    this.#askedMs = Math.max(this.#askedMs, untilMs)
  }

  /** There is a reason not to wait any more; what the sink asked for stands. */
  hurry(): void {
    this.#restMs = 0
  }
}
