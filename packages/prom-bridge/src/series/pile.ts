/** Many things, in their order. An array is one, too. */
export interface Many<Item> extends Iterable<Item> {
  readonly length: number
  at(index: number): Item | undefined
}

/** Small enough that a chunk is copied in no time, large enough that there are few of them. */
const chunkSize = 1024

/**
 * A list that is only added to. An array of a million entries that grows copies all of them at once, and a garbage collection that is
 * under way looks at every one; here a chunk at a time is all that is ever touched.
 */
export class Pile<Item> implements Many<Item> {
  readonly #chunks: Item[][] = []
  #open: Item[] = []
  #length = 0

  get length(): number {
    return this.#length
  }

  push(item: Item): void {
    if (this.#length % chunkSize === 0) {
      this.#open = []
      this.#chunks.push(this.#open)
    }
    this.#open.push(item)
    this.#length++
  }

  /** As of an array: from the end, if the index is negative. */
  at(index: number): Item | undefined {
    const place = index < 0 ? this.#length + index : index
    return place < 0 ? undefined : this.#chunks[Math.floor(place / chunkSize)]?.[place % chunkSize]
  }

  *[Symbol.iterator](): Generator<Item, void, void> {
    for (const chunk of this.#chunks) yield* chunk
  }
}

/** The last of many, in their order. */
export function lastOf<Item>(many: Many<Item>, count: number): readonly Item[] {
  const last: Item[] = []
  for (let index = Math.max(0, many.length - count); index < many.length; index++)
    last.push(many.at(index) as Item)
  return last
}
