import type { Clock } from './types/clock.js'

/**
 * Calls `onSilence` once when nothing has been received for `timeoutMs` while we were reading.
 *
 * A timer that fires late says that this process was blocked, and that the bytes may be waiting unread: then I/O has its turn before
 * that is judged. One that is late by more than its own period says that the machine slept: then one more period is granted.
 */
export class Watchdog {
  readonly #clock: Clock
  readonly #timeoutMs: number
  readonly #onSilence: () => void
  #timer: { readonly clear: () => void } | undefined
  #receivedMs = 0
  #hasReceived = false
  #armedMs = 0
  #delayMs = 0

  constructor(clock: Clock, timeoutMs: number, onSilence: () => void) {
    this.#clock = clock
    this.#timeoutMs = timeoutMs
    this.#onSilence = onSilence
  }

  /** Begins, or begins again after `stop`: silence counts from now. */
  start(): void {
    this.received()
    if (!this.#timer) this.#arm(this.#timeoutMs)
  }

  received(): void {
    this.#hasReceived = true
    this.#receivedMs = this.#clock.nowMs()
  }

  /** While we hold back ourselves, silence says nothing of the server. */
  stop(): void {
    this.#timer?.clear()
    this.#timer = undefined
  }

  #arm(delayMs: number): void {
    this.#armedMs = this.#clock.nowMs()
    this.#delayMs = delayMs
    this.#timer = this.#clock.setTimer(() => this.#check(), delayMs)
  }

  #check(): void {
    this.#timer = undefined
    const nowMs = this.#clock.nowMs()
    const lateMs = nowMs - this.#armedMs - this.#delayMs
    const silentMs = nowMs - this.#receivedMs
    if (lateMs > this.#timeoutMs) this.#arm(this.#timeoutMs)
    else if (silentMs < this.#timeoutMs) this.#arm(this.#timeoutMs - silentMs)
    else if (lateMs <= 0) this.#onSilence()
    else this.#afterReading()
  }

  /** Decides after what the event loop reads next; not by the time then, since it may be blocked again before. */
  #afterReading(): void {
    this.#hasReceived = false
    const turn = setImmediate(() => {
      this.#timer = undefined
      if (!this.#hasReceived) return this.#onSilence()
      this.#arm(Math.max(0, this.#timeoutMs - (this.#clock.nowMs() - this.#receivedMs)))
    })
    this.#timer = { clear: () => clearImmediate(turn) }
  }
}
