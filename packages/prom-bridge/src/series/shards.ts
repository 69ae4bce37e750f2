/** A map that grows moves all of its entries at once: none of the shards has enough of them for that to take long. */
const shardCount = 256
/** Characters of a key that are looked at: of longer ones only every second, third, … */
const sampledCharacters = 256

/**
 * A map from texts, in many maps: no operation holds the event loop for longer than a small map would, at any size.
 * Keys that differ only where nobody looks share a shard; that costs evenness, never correctness.
 */
export class ShardedMap<Value> {
  readonly #shards: readonly Map<string, Value>[] = Array.from({ length: shardCount }, () => new Map())

  get(key: string): Value | undefined {
    return this.#of(key).get(key)
  }

  set(key: string, value: Value): void {
    this.#of(key).set(key, value)
  }

  has(key: string): boolean {
    return this.#of(key).has(key)
  }

  delete(key: string): void {
    this.#of(key).delete(key)
  }

  get size(): number {
    return this.#shards.reduce((sum, { size }) => sum + size, 0)
  }

  /** Entries of the largest shard. */
  get largest(): number {
    return Math.max(...this.#shards.map(({ size }) => size))
  }

  *values(): Generator<Value> {
    for (const shard of this.#shards) yield* shard.values()
  }

  #of(key: string): Map<string, Value> {
    const step = 1 + Math.floor(key.length / sampledCharacters)
    let hash = key.length
    for (let index = key.length - 1; index >= 0; index -= step)
      hash = (Math.imul(hash, 31) + key.charCodeAt(index)) | 0
    // Keys that are counted up must not fill the shards in step, or all of them would grow at once: every bit depends on every other
    // (the finalizer of MurmurHash3).
    hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b)
    hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35)
    const shard = this.#shards[(hash ^ (hash >>> 16)) & (shardCount - 1)]
    if (shard === undefined) throw new RangeError('There are as many shards as eight bits have values.')
    return shard
  }
}
