/** An update before its row is decoded. */
export interface RawUpdate {
  readonly timestamp: bigint
  readonly diff: number
  readonly raw: string
  /** The place of the decoded row: filled in when the batch is given, so that an update is one object from the socket on. */
  row?: unknown
}

/**
 * Sums the diffs of equal rows at equal timestamps and drops zeros; updates come, and leave, in order of timestamp, and rows in
 * order of first appearance. Gives its argument back when there was nothing to do, which is what servers normally send.
 */
export function consolidate(updates: readonly RawUpdate[]): readonly RawUpdate[] {
  let result: RawUpdate[] | undefined
  for (let from = 0; from < updates.length; ) {
    const end = endOfTimestamp(updates, from)
    const run = end - from > 1 ? consolidateRun(updates, from, end) : undefined
    if (run && !result) result = updates.slice(0, from)
    if (result) for (const update of run ?? updates.slice(from, end)) result.push(update)
    from = end
  }
  return result ?? updates
}

function endOfTimestamp(updates: readonly RawUpdate[], from: number): number {
  const timestamp = updates[from]?.timestamp
  let end = from + 1
  while (end < updates.length && updates[end]?.timestamp === timestamp) end++
  return end
}

/** The consolidated run, or undefined if every row in it appears once, which a set tells cheaply. */
function consolidateRun(
  updates: readonly RawUpdate[],
  from: number,
  end: number,
): Iterable<RawUpdate> | undefined {
  const seen = new Set<string>()
  for (let i = from; i < end; i++) seen.add(updates[i]?.raw ?? '')
  if (seen.size === end - from) return undefined
  const sums = new Map<string, RawUpdate>()
  for (const update of updates.slice(from, end)) {
    const earlier = sums.get(update.raw)
    sums.set(update.raw, earlier ? { ...update, diff: earlier.diff + update.diff } : update)
  }
  return [...sums.values()].filter(({ diff }) => diff !== 0)
}
