import type { Clock } from './types.js'

/** Twenty-four days. */
const maxDelayMs = 2 ** 31 - 1

/** The machine's monotonic clock: changes of the wall clock do not touch it. */
export const systemClock: Clock = {
  nowMs: () => performance.now(),
  setTimer: (callback, delayMs) => {
    // Node turns a longer delay, Infinity too, into 1 ms.
    const timer = setTimeout(callback, Math.min(delayMs, maxDelayMs))
    return { clear: () => clearTimeout(timer) }
  },
}

/** Resolves after `delayMs`, or rejects with the signal's reason as soon as it is aborted; leaves no timer and no listener. */
export function sleep(clock: Clock, delayMs: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    if (signal.aborted) return reject(signal.reason)
    const timer = clock.setTimer(() => {
      signal.removeEventListener('abort', onAbort)
      resolve()
    }, delayMs)
    const onAbort = (): void => {
      timer.clear()
      reject(signal.reason)
    }
    signal.addEventListener('abort', onAbort, { once: true })
  })
}
