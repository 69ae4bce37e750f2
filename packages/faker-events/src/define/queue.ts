/** Items by their order, the first one first: a binary heap. */
export class Queue<Item> {
  readonly #items: Item[] = []
  readonly #comesBefore: (one: Item, other: Item) => boolean

  constructor(comesBefore: (one: Item, other: Item) => boolean) {
    this.#comesBefore = comesBefore
  }

  get first(): Item | undefined {
    return this.#items[0]
  }

  add(item: Item): void {
    const items = this.#items
    let at = items.length
    while (at > 0) {
      const above = (at - 1) >>> 1
      const parent = items[above]
      if (parent === undefined || !this.#comesBefore(item, parent)) break
      items[at] = parent
      at = above
    }
    items[at] = item
  }

  take(): Item | undefined {
    const items = this.#items
    const [first] = items
    const last = items.pop()
    if (last === undefined || items.length === 0) return first
    let at = 0
    for (;;) {
      let below = 2 * at + 1
      const [left, right] = [items[below], items[below + 1]]
      let child = left
      if (left !== undefined && right !== undefined && this.#comesBefore(right, left)) {
        below++
        child = right
      }
      if (child === undefined || !this.#comesBefore(child, last)) break
      items[at] = child
      at = below
    }
    items[at] = last
    return first
  }
}
