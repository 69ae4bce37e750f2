import { checkTimers } from '../timers.js'
import type { BridgeOptions } from '../types.js'

/** When a view that failed is opened again: delays that double, until it has been there. */
export class Restart {
  readonly #initialMs: number
  readonly #maxMs: number
  #delayMs: number
  #timer: NodeJS.Timeout | undefined
  #wake: () => void = () => {}
  #isStopped = false

  /** Throws `INVALID_OPTION`. */
  constructor(options: Exclude<BridgeOptions['restart'], false> = {}) {
    const { initialMs = 1000, maxMs = 60_000 } = options
    checkTimers({ 'restart.initialMs': initialMs, 'restart.maxMs': maxMs })
    this.#initialMs = initialMs
    this.#maxMs = maxMs
    this.#delayMs = Math.min(initialMs, maxMs)
  }

  /** How long the next wait is. */
  get delayMs(): number {
    return this.#delayMs
  }

  /** Waits, unless that has been stopped. */
  wait(): Promise<void> {
    if (this.#isStopped) return Promise.resolve()
    const delayMs = this.#delayMs
    this.#delayMs = Math.min(delayMs * 2, this.#maxMs)
    return new Promise(resolve => {
      this.#wake = resolve
      this.#timer = setTimeout(resolve, delayMs)
    })
  }

  /** It is there again: the next failure is a new one. */
  succeeded(): void {
    this.#delayMs = Math.min(this.#initialMs, this.#maxMs)
  }

  /** Ends the wait that is under way, and any that would begin later. */
  stop(): void {
    this.#isStopped = true
    clearTimeout(this.#timer)
    this.#wake()
  }
}
