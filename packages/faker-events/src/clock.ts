import { between, lastMs } from './options.js'
import type { Clock } from './types.js'

// Node's timers take no more than a 32-bit delay; whoever sleeps looks at the clock again anyway.
const longestTimerMs = 2_147_483_647

/** The time of this machine. */
export const wallClock: Clock = {
  nowMs: () => Date.now(),
  sleep: (ms, signal) =>
    new Promise(resolve => {
      if (signal?.aborted === true) return resolve()
      const wake = (): void => {
        clearTimeout(timer)
        signal?.removeEventListener('abort', wake)
        resolve()
      }
      const timer = setTimeout(wake, Math.min(ms, longestTimerMs))
      signal?.addEventListener('abort', wake, { once: true })
    }),
}

/**
 * A time that starts at `startMs` and passes only by sleeping, at once: an hour of scenario in milliseconds.
 * Between two sleeps the event loop turns, so that signals and sockets get their say.
 */
export function virtualClock(startMs: number): Clock {
  let nowMs = startMs
  return {
    nowMs: () => nowMs,
    sleep: async (ms, signal) => {
      await new Promise(resolve => setImmediate(resolve))
      if (signal?.aborted !== true) nowMs += Math.max(0, ms)
    },
  }
}

/**
 * The time of this machine, passing `speed` times as fast from now on (0.001 to 1 000 000). With `Infinity` the end of
 * time has come: everything is due at once, and goes out as fast as it is taken; what runs by it has to say from when.
 * `INVALID_OPTION` for any other speed.
 */
export function acceleratedClock(speed: number): Clock {
  if (speed === Number.POSITIVE_INFINITY) return { ...wallClock, nowMs: () => lastMs }
  between('speed', speed, 0.001, 1_000_000)
  const startMs = wallClock.nowMs()
  return {
    nowMs: () => startMs + (wallClock.nowMs() - startMs) * speed,
    sleep: (ms, signal) => wallClock.sleep(ms / speed, signal),
    speed,
  }
}
