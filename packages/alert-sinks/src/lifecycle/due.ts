/** Something that becomes due at a time. */
export interface Due<T> {
  readonly atMs: number
  readonly item: T
}

/** Items that all wait equally long: those that came first are due first. Adding and taking cost the same at any length. */
export class DueQueue<T> {
  #items: Due<T>[] = []
  #from = 0

  add(atMs: number, item: T): void {
    this.#items.push({ atMs, item })
  }

  peek(): Due<T> | undefined {
    return this.#items[this.#from]
  }

  take(): Due<T> | undefined {
    const first = this.#items[this.#from]
    if (first === undefined) return undefined
    this.#from++
    if (this.#from > 1024 && this.#from * 2 > this.#items.length) {
      this.#items = this.#items.slice(this.#from)
      this.#from = 0
    }
    return first
  }
}
