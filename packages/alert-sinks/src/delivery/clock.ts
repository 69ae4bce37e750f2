import type { Clock } from '@mzalert/tail-client'

/** The machine's monotonic clock: changes of the wall clock do not touch it. */
export const systemClock: Clock = {
  nowMs: () => performance.now(),
  setTimer: (callback, delayMs) => {
    const timer = setTimeout(callback, Math.min(delayMs, 2_147_483_647))
    return { clear: () => clearTimeout(timer) }
  },
}

/** What `work` gives, or `otherwise()` if it takes longer. Rejects as `work` does, if that comes first. */
export function within<T>(clock: Clock, ms: number, work: Promise<T>, otherwise: () => T): Promise<T> {
  return new Promise((resolve, reject) => {
    const timer = clock.setTimer(() => resolve(otherwise()), ms)
    work.then(resolve, reject).finally(() => timer.clear())
  })
}
