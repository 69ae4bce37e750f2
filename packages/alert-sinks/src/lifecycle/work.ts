/** So many items are some milliseconds of work. */
export const itemsInSlice = 1024

/** Work in slices of some milliseconds each; what it comes to is returned. */
export type Slices<T> = Generator<undefined, T, undefined>

/** Work of which nobody may see a part: it goes on in slices, so that a storm does not hold up everything else, or is ended at once. */
export class Work<T> {
  readonly #slices: Slices<T>
  #done: { readonly result: T } | undefined
  #isAtIt = false

  constructor(slices: Slices<T>) {
    this.#slices = slices
  }

  /** Does all of it, with a turn for everything else after each slice. */
  async inTurns(turn: () => Promise<void>): Promise<T> {
    for (;;) {
      if (this.#done === undefined) this.#doSlice()
      if (this.#done !== undefined) return this.#done.result
      await turn()
    }
  }

  /** Does the rest of it now. Whom the work itself calls cannot ask for that, and sees how far it is. */
  finish(): void {
    while (this.#done === undefined && !this.#isAtIt) this.#doSlice()
  }

  #doSlice(): void {
    this.#isAtIt = true
    try {
      const { done, value } = this.#slices.next()
      if (done) this.#done = { result: value }
    } finally {
      this.#isAtIt = false
    }
  }
}
