import { invalidOption } from './errors.js'

/** A timer that is longer is over at once. */
export const longestTimerMs: number = 2 ** 31 - 1

/** Checks options by their names. Throws `INVALID_OPTION` for the first that no timer can wait for. */
export function checkTimers(times: Readonly<Record<string, number>>): void {
  for (const [name, value] of Object.entries(times))
    if (!(value > 0 && value <= longestTimerMs))
      throw invalidOption(name, value, `milliseconds, more than 0 and at most ${longestTimerMs}`)
}
