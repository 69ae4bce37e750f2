import type { Clock, ResumableBatch, UnknownRow } from '../types.js'

/** What was seen of a stream while it was looked at. */
export interface Observation {
  /** How long it was looked at after the snapshot. */
  readonly watchedMs: number
  /** How long the snapshot took; undefined if it did not come in time. */
  readonly snapshotMs: number | undefined
  readonly rows: number
  readonly distinctRows: number
  /** Updates after the snapshot, and how many of them took rows away. */
  readonly updates: number
  readonly retractions: number
  /** Timestamps at which something changed, and the most updates that one of them had. */
  readonly timestamps: number
  readonly mostAtOnce: number
  readonly frontierMoves: number
  /** Columns, or pairs of them, that no two rows shared at the end. */
  readonly keys: readonly (readonly string[])[]
  /** Whether there were too many rows to look for keys. */
  readonly tooManyForKeys: boolean
  /** A token from the beginning, by which to find out whether the server can go back to it. */
  readonly token: string | undefined
}

/** Beyond it, looking for keys would take long and much memory. */
const maxRowsForKeys = 100_000

/** Looks at batches until they end. */
export async function observe(
  batches: AsyncIterable<ResumableBatch<UnknownRow>>,
  names: () => readonly string[],
  clock: Clock,
): Promise<Observation> {
  const began = clock.nowMs()
  const contents = new Map<string, { row: UnknownRow; multiplicity: number }>()
  const atTimestamps = new Map<bigint, number>()
  let snapshotEnd: number | undefined
  let token: string | undefined
  const counts = { updates: 0, retractions: 0, frontierMoves: 0 }
  for await (const batch of batches) {
    for (const { raw, row, diff, timestamp } of batch.updates) {
      const multiplicity = (contents.get(raw)?.multiplicity ?? 0) + diff
      if (multiplicity === 0) contents.delete(raw)
      else contents.set(raw, { row, multiplicity })
      if (snapshotEnd === undefined) continue
      counts.updates++
      if (diff < 0) counts.retractions++
      atTimestamps.set(timestamp, (atTimestamps.get(timestamp) ?? 0) + 1)
    }
    if (batch.part && !batch.part.isLast) continue
    if (snapshotEnd === undefined) snapshotEnd = clock.nowMs()
    else counts.frontierMoves++
    token ??= batch.token
  }
  const entries = [...contents.values()]
  return {
    ...counts,
    watchedMs: snapshotEnd === undefined ? 0 : clock.nowMs() - snapshotEnd,
    snapshotMs: snapshotEnd === undefined ? undefined : snapshotEnd - began,
    rows: entries.reduce((sum, { multiplicity }) => sum + multiplicity, 0),
    distinctRows: entries.length,
    timestamps: atTimestamps.size,
    mostAtOnce: [...atTimestamps.values()].reduce((most, count) => Math.max(most, count), 0),
    tooManyForKeys: entries.length > maxRowsForKeys,
    keys: keysOf(entries, names()),
    token,
  }
}

/** Columns by which every row is told apart; pairs only if no single one does. */
function keysOf(
  entries: readonly { readonly row: UnknownRow; readonly multiplicity: number }[],
  names: readonly string[],
): readonly (readonly string[])[] {
  if (entries.length === 0 || entries.length > maxRowsForKeys) return []
  if (entries.some(({ multiplicity }) => multiplicity > 1)) return []
  const isKey = (columns: readonly string[]): boolean => {
    const seen = new Set<string>()
    for (const { row } of entries) {
      const text = JSON.stringify(columns.map(name => String(row[name])))
      if (seen.has(text)) return false
      seen.add(text)
    }
    return true
  }
  const single = names.map(name => [name]).filter(isKey)
  if (single.length > 0) return single
  const pairs = names.flatMap((a, at) => names.slice(at + 1).map(b => [a, b]))
  return pairs.slice(0, 50).filter(isKey)
}
