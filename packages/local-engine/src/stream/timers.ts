/** Time for pacing: a clock that only goes forward, and alarms. Timestamps come from the oracle, never from here. */
export interface Timers {
  readonly monotonicMs: () => number
  /** Calls back once after `delayMs`; the result takes it back. */
  readonly set: (callback: () => void, delayMs: number) => () => void
}
