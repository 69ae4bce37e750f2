/** What waits for one sink, by key: changes go before what is only sent again, each in the order it came. */
export class SendQueue {
  readonly #changes = new Set<string>()
  readonly #resends = new Set<string>()
  /** Parts of batches that were refused; they go before everything else, each in a call of its own. */
  readonly #parts: (readonly string[])[] = []

  get size(): number {
    return this.#changes.size + this.#resends.size
  }

  has(key: string): boolean {
    return this.#changes.has(key) || this.#resends.has(key)
  }

  /** Whether one of these waits that is not busy. */
  hasReady(busy: ReadonlySet<string>): boolean {
    if (busy.size === 0) return this.size > 0
    for (const keys of [this.#changes, this.#resends]) for (const key of keys) if (!busy.has(key)) return true
    return false
  }

  /** Gives whether it waited as a change before. */
  addChange(key: string): boolean {
    const didWait = this.#changes.has(key)
    this.#resends.delete(key)
    this.#changes.add(key)
    return didWait
  }

  addResend(key: string): void {
    if (!this.#changes.has(key)) this.#resends.add(key)
  }

  /** These, which wait, are sent next, in halves. */
  split(keys: readonly string[]): void {
    const middle = Math.ceil(keys.length / 2)
    this.#parts.unshift(keys.slice(0, middle), keys.slice(middle))
  }

  /** The next ones, at most so many and none that is busy; they wait no longer. */
  take(limit: number, busy: ReadonlySet<string>): readonly string[] {
    for (let part = this.#parts.shift(); part; part = this.#parts.shift()) {
      const keys = part.filter(key => this.has(key) && !busy.has(key))
      if (keys.length > 0) return this.#remove(keys)
    }
    const keys: string[] = []
    for (const waiting of [this.#changes, this.#resends])
      for (const key of waiting) {
        if (keys.length >= limit) break
        if (!busy.has(key)) keys.push(key)
      }
    return this.#remove(keys)
  }

  /** Makes room: what was only to be sent again goes first, then the change that waited longest. Gives that change, if it had to go. */
  dropOldest(): string | undefined {
    const [resend] = this.#resends
    if (resend !== undefined) {
      this.#resends.delete(resend)
      return undefined
    }
    const [oldest] = this.#changes
    if (oldest !== undefined) this.#changes.delete(oldest)
    return oldest
  }

  dropResends(): void {
    this.#resends.clear()
  }

  #remove(keys: readonly string[]): readonly string[] {
    for (const key of keys) {
      this.#changes.delete(key)
      this.#resends.delete(key)
    }
    return keys
  }
}
