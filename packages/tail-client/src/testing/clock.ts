import type { Clock } from '../types/clock.js'

/** A clock that stands until it is moved. */
export class FakeClock implements Clock {
  #nowMs = 0
  #timers: { readonly atMs: number; readonly callback: () => void }[] = []

  readonly nowMs = (): number => this.#nowMs

  readonly setTimer = (callback: () => void, delayMs: number): { readonly clear: () => void } => {
    const timer = { atMs: this.#nowMs + delayMs, callback }
    this.#timers.push(timer)
    return { clear: () => this.#remove(timer) }
  }

  /** Time passes, and each timer fires at its moment. */
  advance(ms: number): void {
    const untilMs = this.#nowMs + ms
    for (let next = this.#next(untilMs); next; next = this.#next(untilMs)) {
      this.#nowMs = next.atMs
      this.#remove(next)
      next.callback()
    }
    this.#nowMs = untilMs
  }

  /** Time jumps while nothing runs; what was due fires late, after it. */
  sleep(ms: number): void {
    this.#nowMs += ms
    const due = this.#timers.filter(({ atMs }) => atMs <= this.#nowMs).sort((a, b) => a.atMs - b.atMs)
    for (const timer of due) {
      // One that fired before it may have cleared it.
      if (!this.#timers.includes(timer)) continue
      this.#remove(timer)
      timer.callback()
    }
  }

  #next(untilMs: number): { readonly atMs: number; readonly callback: () => void } | undefined {
    return this.#timers.filter(({ atMs }) => atMs <= untilMs).sort((a, b) => a.atMs - b.atMs)[0]
  }

  #remove(timer: { readonly atMs: number }): void {
    this.#timers = this.#timers.filter(each => each !== timer)
  }
}
