/**
 * Work in steps of well below a millisecond each; what it comes to is returned. A snapshot of a million rows must not hold the event
 * loop until it is done.
 */
export type Steps<T> = Generator<undefined, T, undefined>

/** Takes all steps at once, where the work is known to be little. */
export function finish<T>(steps: Steps<T>): T {
  for (;;) {
    const { done, value } = steps.next()
    if (done) return value
  }
}

/** Some milliseconds of work. */
const stepsPerTurn = 8

/** Gives way to whatever else waits, I/O too. */
export type Turn = () => Promise<void>

export const eventLoopTurn: Turn = () => new Promise(resolve => setImmediate(resolve))

/** Takes the steps, giving way every few of them. */
export async function inTurns<T>(steps: Steps<T>, turn: Turn): Promise<T> {
  for (let taken = 1; ; taken++) {
    const { done, value } = steps.next()
    if (done) return value
    if (taken % stepsPerTurn === 0) await turn()
  }
}
