// What a soak of the chain has to answer for: pure functions of what was seen.

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

/** The time of an interval in which none of the faults on a way was going on, in milliseconds. */
function calmMs({ firesAtMs, resolvesAtMs }, faults) {
  const overlaps = faults
    .map(({ fromMs, toMs }) => [Math.max(fromMs, firesAtMs), Math.min(toMs, resolvesAtMs)])
    .filter(([from, to]) => from < to)
    .sort(([one], [other]) => one - other)
  let [calm, at] = [0, firesAtMs]
  for (const [from, to] of overlaps) {
    calm += Math.max(0, from - at)
    at = Math.max(at, to)
  }
  return calm + Math.max(0, resolvesAtMs - at)
}

/**
 * Of the times in which an organization fired by the events in the topic: how many were told, how many were not although the way was free
 * for long enough, how often a receiver was told that one is over while it was not, and of one that never was.
 */
export function judge(intervals, told, faults, enoughMs, toleranceMs) {
  const due = intervals.filter(interval => calmMs(interval, faults) >= enoughMs)
  const byInterval = new Map()
  let [falseResolves, groundless] = [0, 0]
  for (const { organization, status, startsAtMs, endsAtMs } of told) {
    const interval = intervals
      .filter(each => each.organization === organization)
      .findLast(({ firesAtMs }) => firesAtMs <= startsAtMs + toleranceMs)
    if (!interval) groundless++
    else if (status === 'firing') byInterval.set(interval, true)
    else if (endsAtMs < interval.resolvesAtMs - toleranceMs) falseResolves++
  }
  const untold = due.filter(interval => !byInterval.has(interval))
  return { due: due.length, told: byInterval.size, lost: untold.length, falseResolves, groundless }
}

/** Growth per minute, by least squares over the least of each stretch of ten seconds: what is left after a collection. */
export function slopePerMinute(samples, stretchMs = 10_000) {
  const least = new Map()
  for (const { atMs, value } of samples) {
    const stretch = Math.floor(atMs / stretchMs)
    least.set(stretch, Math.min(value, least.get(stretch) ?? Number.POSITIVE_INFINITY))
  }
  const points = [...least].map(([stretch, value]) => [(stretch * stretchMs) / 60_000, value])
  const mean = at => points.reduce((sum, point) => sum + point[at], 0) / points.length
  const [x, y] = [mean(0), mean(1)]
  const spread = points.reduce((sum, [a]) => sum + (a - x) ** 2, 0)
  return spread === 0 ? 0 : points.reduce((sum, [a, b]) => sum + (a - x) * (b - y), 0) / spread
}
