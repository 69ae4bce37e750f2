/** A time in which an alert fires: `firesAtMs <= now < resolvesAtMs`, in whole milliseconds since 1970. */
export interface Firing {
  readonly firesAtMs: number
  readonly resolvesAtMs: number
}

/** By how much a count changes, and when. */
interface Change {
  readonly atMs: number
  readonly by: 1 | -1
}

/** How many there are of each kind at any time: what comes, and goes again. */
export class Counts<Key> {
  readonly #changes = new Map<Key, Change[]>()

  /** One more from `comesMs` on, until `goesMs`. */
  add(key: Key, comesMs: number, goesMs: number): void {
    if (comesMs >= goesMs) return
    const changes = this.#changes.get(key) ?? []
    changes.push({ atMs: comesMs, by: 1 }, { atMs: goesMs, by: -1 })
    this.#changes.set(key, changes)
  }

  /** The times in which there are more than `limit`. They neither overlap nor touch. */
  above(key: Key, limit: number): readonly Firing[] {
    return firings(this.#changes.get(key) ?? [], count => count > limit, Number.NEGATIVE_INFINITY)
  }

  /** The times from `from` on in which there are fewer than `limit`; the last may never end. */
  below(key: Key, limit: number, from: number): readonly Firing[] {
    return firings(this.#changes.get(key) ?? [], count => count < limit, from)
  }
}

/** The times, from `from` on, in which `fires` holds for the sum of all changes so far. */
function firings(
  changes: readonly Change[],
  fires: (sum: number) => boolean,
  from: number,
): readonly Firing[] {
  const found: Firing[] = []
  const ordered = [...changes].sort((one, other) => one.atMs - other.atMs)
  let sum = 0
  let firesAtMs = fires(0) && !(ordered[0] && ordered[0].atMs <= from) ? from : undefined
  for (const [position, { atMs, by }] of ordered.entries()) {
    sum += by
    // What changes in one millisecond changes at once: only the last sum is ever seen.
    if (ordered[position + 1]?.atMs === atMs) continue
    if (firesAtMs === undefined && fires(sum)) firesAtMs = atMs
    if (firesAtMs !== undefined && !fires(sum)) {
      found.push({ firesAtMs, resolvesAtMs: atMs })
      firesAtMs = undefined
    }
  }
  if (firesAtMs !== undefined) found.push({ firesAtMs, resolvesAtMs: Number.POSITIVE_INFINITY })
  return found
}
