/** How often a view is evaluated that time alone changes, or that others write to. */
export const tickMs = 100
/** How often an evaluation looks at views that only writes change: often enough for a progress row a second. */
const idleTickMs = 450
/** At most this share of the time goes to evaluations: one that took 10 ms is followed by a pause of 30 ms. */
const pauseFactor = 3
/** But never a longer pause: progress has to be said. */
const longestPauseMs = 500

export interface Pace {
  readonly nowMs: number
  readonly lastStartMs: number
  readonly lastEndMs: number
  /** Something was written, or someone waits for a first row. */
  readonly urgent: boolean
  /** Some view changes with time alone, or unseen. */
  readonly temporal: boolean
}

/** How long to wait before the next evaluation. */
export function delayMs({ nowMs, lastStartMs, lastEndMs, urgent, temporal }: Pace): number {
  const earliest = lastEndMs + Math.min((lastEndMs - lastStartMs) * pauseFactor, longestPauseMs)
  const due = urgent ? nowMs : lastStartMs + (temporal ? tickMs : idleTickMs)
  return Math.max(0, due - nowMs, earliest - nowMs)
}
