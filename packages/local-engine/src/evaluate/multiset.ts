/** How often each line is there. Counts are never 0. */
export type Multiset = Map<string, number>

/** A line and the change of its multiplicity; never 0. */
export type LineChange = readonly [line: string, diff: number]

export function countLines(lines: Iterable<string>): Multiset {
  const counts: Multiset = new Map()
  for (const line of lines) counts.set(line, (counts.get(line) ?? 0) + 1)
  return counts
}

/** What has to be added to `before` to give `after`. */
export function difference(
  before: ReadonlyMap<string, number>,
  after: ReadonlyMap<string, number>,
): LineChange[] {
  const changes: LineChange[] = []
  for (const [line, count] of after) {
    const diff = count - (before.get(line) ?? 0)
    if (diff !== 0) changes.push([line, diff])
  }
  for (const [line, count] of before) if (!after.has(line)) changes.push([line, -count])
  return changes
}

/** Adds changes to a multiset in place; a line whose sum is 0 goes. */
export function accumulate(into: Map<string, number>, changes: Iterable<LineChange>): void {
  for (const [line, diff] of changes) {
    const sum = (into.get(line) ?? 0) + diff
    if (sum === 0) into.delete(line)
    else into.set(line, sum)
  }
}

/** One change per line, sums that are 0 left out, shorter lines first and equal lengths by their bytes. */
export function consolidate(changes: Iterable<LineChange>): LineChange[] {
  const sums = new Map<string, number>()
  accumulate(sums, changes)
  return [...sums].sort(([a], [b]) => a.length - b.length || (a < b ? -1 : 1))
}
