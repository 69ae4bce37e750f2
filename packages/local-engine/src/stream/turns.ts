/**
 * Who may use the only session: one owner at a time, in the order in which they asked. An owner that has it
 * keeps it until it gives it back, which is how a transaction stays one client's.
 */
export class Turns {
  #holder: object | undefined
  #waiting: { readonly owner: object; readonly settle: (granted: boolean) => void }[] = []
  #isClosed = false

  /** Resolves true when `owner` has the session, at once if it already has; false if it was withdrawn or all is over. */
  take(owner: object): Promise<boolean> {
    if (this.#isClosed) return Promise.resolve(false)
    if (this.#holder === owner) return Promise.resolve(true)
    if (this.#holder === undefined) {
      this.#holder = owner
      return Promise.resolve(true)
    }
    return new Promise(settle => {
      this.#waiting.push({ owner, settle })
    })
  }

  holds(owner: object): boolean {
    return this.#holder === owner
  }

  /** Gives the session to the next in line. Harmless if `owner` does not have it. */
  give(owner: object): void {
    if (this.#holder !== owner) return
    const next = this.#waiting.shift()
    this.#holder = next?.owner
    next?.settle(true)
  }

  /** Takes `owner` out of the line; its `take()` gives false. False if it was not waiting. */
  withdraw(owner: object): boolean {
    const at = this.#waiting.findIndex(each => each.owner === owner)
    const [found] = at < 0 ? [] : this.#waiting.splice(at, 1)
    found?.settle(false)
    return found !== undefined
  }

  /** Everyone who waits or will ask is refused. */
  close(): void {
    this.#isClosed = true
    const waiting = this.#waiting
    this.#waiting = []
    for (const { settle } of waiting) settle(false)
  }
}
