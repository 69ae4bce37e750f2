/** What a stream has yielded so far, added up, and what it must never do. */
export class Sum {
  rows = new Map()
  frontier
  latest = 0n
  counts = { updates: 0, batches: 0, reconciled: 0, merged: 0, snapshots: 0 }
  #seen = new Set()

  add({ kind, updates, lower, upper, part }) {
    if (part === undefined || part.index === 0) {
      if (this.frontier !== undefined && lower !== this.frontier)
        throw new Error(`a batch begins at ${lower}, and not at the frontier ${this.frontier}`)
      // Where nothing is held a snapshot voids what came before.
      if (kind === 'snapshot') this.rows.clear()
      this.#seen.clear()
    }
    for (const update of updates) this.#add(update, upper)
    this.counts.updates += updates.length
    if (part !== undefined && !part.isLast) return
    for (const [raw, multiplicity] of this.rows)
      if (multiplicity < 0) throw new Error(`${raw} has multiplicity ${multiplicity}`)
    this.frontier = upper
    this.counts.batches++
    if (kind === 'snapshot') this.counts.snapshots++
    else if (kind in this.counts) this.counts[kind]++
  }

  #add({ raw, diff, timestamp }, upper) {
    if (timestamp < this.latest) throw new Error(`timestamp ${timestamp} after ${this.latest}`)
    if (timestamp >= upper) throw new Error(`timestamp ${timestamp} in a batch that ends at ${upper}`)
    this.latest = timestamp
    const identity = `${timestamp} ${raw}`
    if (diff === 0 || this.#seen.has(identity))
      throw new Error(`${identity} with diff ${diff} is no consolidated update`)
    this.#seen.add(identity)
    const multiplicity = (this.rows.get(raw) ?? 0) + diff
    if (multiplicity === 0) this.rows.delete(raw)
    else this.rows.set(raw, multiplicity)
  }

  /** The rows, each as often as it is there, in order. */
  contents() {
    return [...this.rows].flatMap(([raw, multiplicity]) => Array(multiplicity).fill(raw)).sort()
  }
}
