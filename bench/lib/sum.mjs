/** What a tail has yielded so far, added up, and what it must never do. */
export class Sum {
  rows = new Map()
  counts = { updates: 0, doubled: 0, batches: 0, reconciled: 0 }
  #frontier = 0n

  add({ kind, updates, lower, upper }) {
    // An update that is there twice adds a row twice, or takes one away that is not there.
    if (lower < this.#frontier) this.counts.doubled++
    const seen = new Set()
    for (const { raw, diff, timestamp } of updates) {
      const identity = `${timestamp} ${raw}`
      if (seen.has(identity)) this.counts.doubled++
      seen.add(identity)
      const multiplicity = (this.rows.get(raw) ?? 0) + diff
      if (multiplicity === 0) this.rows.delete(raw)
      else this.rows.set(raw, multiplicity)
    }
    // One row for each organization: the view has no duplicates.
    for (const multiplicity of this.rows.values()) if (multiplicity !== 1) this.counts.doubled++
    this.#frontier = upper
    this.counts.batches++
    this.counts.updates += updates.length
    if (kind === 'reconciled') this.counts.reconciled++
  }
}
