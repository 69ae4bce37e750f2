/** So many refusals in a row, of one alert each, are no coincidence. */
const mostInARow = 3

/** Which alerts a sink refused, and whether that is their fault or its own. */
export class Refusals {
  /** Alerts that were refused, and how much the sink had taken when each was first. */
  readonly #first = new Map<string, number>()
  #taken = 0
  #inARow = 0

  /** The sink took these. */
  taken(keys: readonly string[]): void {
    this.#taken++
    this.#inARow = 0
    for (const key of keys) this.#first.delete(key)
  }

  /** One alert was refused, whichever. */
  count(): void {
    this.#inARow++
  }

  /** This one was refused; gives whether the sink took another one since it was first. */
  isFinal(key: string): boolean {
    const first = this.#first.get(key)
    if (first !== undefined) return this.#taken > first
    this.#first.set(key, this.#taken)
    return false
  }

  /** Whether there is nothing left to try, of so many that wait, or nothing of it looks better. */
  areAllThereIs(waiting: number): boolean {
    return waiting > 0 && (this.#inARow >= mostInARow || this.#first.size >= waiting)
  }

  /** It changed, or was given up. */
  forget(key: string): void {
    this.#first.delete(key)
  }
}
