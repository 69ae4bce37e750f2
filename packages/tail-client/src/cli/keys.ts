import type { Column } from '../types/connection.js'
import type { UnknownRow, Update } from '../types/update.js'

/** More than these would take long, and much memory. */
const maxPairs = 50
const maxCandidatesEach = 4

/** Looks for columns that tell the rows of a view apart, at every timestamp that it sees. */
export class KeySearch {
  readonly #columns: readonly Column[]
  /** Best first; undefined until the contents are in. */
  #candidates: readonly (readonly Candidate[])[] | undefined
  #mostRows = 0
  #rows = 0

  constructor(columns: readonly Column[]) {
    this.#columns = columns
  }

  /** The most rows that there were at once: what is said of a key is said of so many. */
  get mostRows(): number {
    return this.#mostRows
  }

  /** Everything that happened at one timestamp, the first time the contents. */
  apply(updates: readonly Update<UnknownRow>[]): void {
    for (const { diff } of updates) this.#rows += diff
    this.#mostRows = Math.max(this.#mostRows, this.#rows)
    this.#candidates = (this.#candidates ?? this.#begin(updates)).map(candidates =>
      candidates.filter(candidate => candidate.apply(updates)),
    )
  }

  /** What tells rows apart, best first. One row says nothing: everything would tell it apart. */
  keys(): readonly (readonly string[])[] {
    if (this.#mostRows < 2) return []
    const candidates = this.#candidates?.find(({ length }) => length > 0) ?? []
    // What keeps its value while a row changes is its key, rather than what changes with it.
    const mostKept = Math.max(0, ...candidates.map(({ kept }) => kept))
    return candidates.filter(({ kept }) => kept === mostKept).map(({ names }) => names)
  }

  /** Single columns before pairs, texts and ids before numbers and times. */
  #begin(contents: readonly Update<UnknownRow>[]): readonly (readonly Candidate[])[] {
    const good = this.#columns.filter(isNamed).map(({ name }) => name)
    const fair = this.#columns.filter(isCounted).map(({ name }) => name)
    const groups = [singles(good), pairs(good), singles(fair), pairs([...good, ...fair])]
    return groups.map(keys =>
      keys
        .filter(names => new Candidate(names).apply(contents))
        .slice(0, maxCandidatesEach)
        .map(names => new Candidate(names)),
    )
  }
}

class Candidate {
  readonly names: readonly string[]
  readonly #counts = new Map<string, number>()
  /** How often a row was replaced by another one of the same key. */
  kept = 0

  constructor(names: readonly string[]) {
    this.names = names
  }

  /** Whether no two rows have the same values after these updates. */
  apply(updates: readonly Update<UnknownRow>[]): boolean {
    const touched = new Set<string>()
    const gone = new Set<string>()
    for (const { row, diff } of updates) {
      const text = JSON.stringify(this.names.map(name => String(row[name])))
      const count = (this.#counts.get(text) ?? 0) + diff
      if (count === 0) this.#counts.delete(text)
      else this.#counts.set(text, count)
      touched.add(text)
      if (diff < 0) gone.add(text)
    }
    for (const text of touched) if ((this.#counts.get(text) ?? 0) > 1) return false
    for (const text of gone) if (this.#counts.has(text)) this.kept++
    return true
  }
}

/** Texts, UUIDs, and what its name says is an id. */
function isNamed({ name, oid }: Column): boolean {
  return [19, 25, 1042, 1043, 2950].includes(oid) || (isInteger(oid) && /(^|_)id$|[a-z]Id$/.test(name))
}

/** What may be a key, though it is rather a value. Floats and numerics are not: they are what is measured. */
function isCounted(column: Column): boolean {
  return !isNamed(column) && (isInteger(column.oid) || [1082, 1083, 1114, 1184, 16552].includes(column.oid))
}

function isInteger(oid: number): boolean {
  return [20, 21, 23, 26, 16460, 16462, 16464].includes(oid)
}

function singles(names: readonly string[]): readonly (readonly string[])[] {
  return names.map(name => [name])
}

function pairs(names: readonly string[]): readonly (readonly string[])[] {
  return names.flatMap((a, at) => names.slice(at + 1).map(b => [a, b])).slice(0, maxPairs)
}
