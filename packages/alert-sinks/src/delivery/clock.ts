import type { Clock } from '@mzalert/tail-client'

/** The machine's monotonic clock: changes of the wall clock do not touch it. */
export const systemClock: Clock = {
  nowMs: () => performance.now(),
  setTimer: (callback, delayMs) => {
    const timer = setTimeout(callback, Math.min(delayMs, 2_147_483_647))
    return { clear: () => clearTimeout(timer) }
  },
}

/** What `work` gives, or `otherwise()` if it takes longer. Rejects as `work` does, if that comes first, or as `otherwise` throws. */
export function within<T>(clock: Clock, ms: number, work: Promise<T>, otherwise: () => T): Promise<T> {
  return new Promise((resolve, reject) => {
    const timer = clock.setTimer(() => Promise.resolve().then(otherwise).then(resolve, reject), ms)
    work.then(resolve, reject).finally(() => timer.clear())
  })
}

/** What `work` gives, or undefined when it is to stop. */
export function unlessStopped<T>(signal: AbortSignal, work: Promise<T>): Promise<T | undefined> {
  return new Promise((resolve, reject) => {
    const stop = (): void => resolve(undefined)
    if (signal.aborted) stop()
    signal.addEventListener('abort', stop)
    work.then(resolve, reject).finally(() => signal.removeEventListener('abort', stop))
  })
}

/** Resolves after so long, or when it is to stop. */
export function pause(clock: Clock, ms: number, signal: AbortSignal): Promise<void> {
  return new Promise(resolve => {
    const end = (): void => {
      timer.clear()
      signal.removeEventListener('abort', end)
      resolve()
    }
    const timer = clock.setTimer(end, ms)
    signal.addEventListener('abort', end)
    if (signal.aborted) end()
  })
}
