/** Work that can be interrupted: it yields wherever others may have their turn, and returns what it made. */
export type Steps<Result> = Generator<void, Result, void>

/** Lets everybody else have their turn, and resolves when it is ours again. */
export type Turn = () => Promise<void>

/** A unit is what one row, series or line costs, some microseconds: a slice is a few milliseconds. */
const unitsPerSlice = 1024

/** Counts the work since the last turn. */
export class Budget {
  #left: number = unitsPerSlice

  /** Whether the slice is used up by these units, and it is time to yield. */
  spend(units = 1): boolean {
    this.#left -= units
    if (this.#left > 0) return false
    this.#left = unitsPerSlice
    return true
  }
}

/** What a text of this length costs: one unit, and one for every 256 characters. */
export function unitsOf(length: number): number {
  return 1 + (length >> 8)
}

/** Does all of the work in one turn. */
export function finish<Result>(steps: Steps<Result>): Result {
  for (;;) {
    const step = steps.next()
    if (step.done) return step.value
  }
}

/** Does the work slice by slice, with a turn for others in between; what fits in one slice needs none. */
export async function inSlices<Result>(steps: Steps<Result>, turn: Turn): Promise<Result> {
  for (;;) {
    const step = steps.next()
    if (step.done) return step.value
    await turn()
  }
}

/**
 * Turns of the event loop: of all that wait for one, each turn of the loop gives one its turn, in the order they asked.
 * However many views and scrapes are at work, no more than a slice of one of them is between two polls for I/O.
 */
export function eventLoopTurns(): Turn {
  const waiting: (() => void)[] = []
  const next = (): void => {
    waiting.shift()?.()
    if (waiting.length > 0) setImmediate(next)
  }
  return () =>
    new Promise(resolve => {
      if (waiting.push(resolve) === 1) setImmediate(next)
    })
}
