import type { Clock } from './types/clock.js'

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

/** When somebody has waited long enough, and with what error. */
export interface Limit {
  readonly clock: Clock
  readonly delayMs: number
  readonly error: () => Error
}

/**
 * What a promise of the user's settles with, or as soon as the signal is aborted its reason, or after a time the limit's error. What it
 * settles with later is nobody's; leaves no timer and no listener.
 */
export function within<T>(promise: Promise<T>, signal: AbortSignal, limit?: Limit): Promise<T> {
  return new Promise((resolve, reject) => {
    const settle = (act: () => void): void => {
      timer?.clear()
      signal.removeEventListener('abort', onAbort)
      act()
    }
    const onAbort = (): void => settle(() => reject(signal.reason))
    const timer = limit?.clock.setTimer(() => settle(() => reject(limit.error())), limit.delayMs)
    signal.addEventListener('abort', onAbort, { once: true })
    promise.then(
      value => settle(() => resolve(value)),
      error => settle(() => reject(error)),
    )
    if (signal.aborted) onAbort()
  })
}
