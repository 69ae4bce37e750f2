/** Milliseconds of a monotonic clock, and timers. */
export interface Clock {
  readonly nowMs: () => number
  readonly setTimer: (callback: () => void, delayMs: number) => { readonly clear: () => void }
}
