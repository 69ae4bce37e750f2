import { TailError } from '../errors.js'
import type { Batch } from '../types/batch.js'
import type { KeyViolation } from './changes.js'

interface Entry<Row> {
  readonly raw: string
  readonly row: Row
  multiplicity: number
}

/** Which row a key is, and who is told of a key that has several. */
export interface Keyed<Row> {
  readonly keyOf: (row: Row) => string
  readonly onViolation: (violation: KeyViolation<Row>) => void
}

/** The contents of a collection at a frontier: rows with their multiplicities, and with a key, rows by it. */
export class Multiset<Row> {
  readonly #entries = new Map<string, Entry<Row>>()
  readonly #keyed: Keyed<Row> | undefined
  /** Almost always one row a key. */
  readonly #byKey = new Map<string, readonly Entry<Row>[]>()
  #count = 0

  constructor(keyed?: Keyed<Row>) {
    this.#keyed = keyed
  }

  /** Applies a closed batch. A multiplicity below zero is impossible in a collection: `NEGATIVE_MULTIPLICITY` with the row. */
  apply(batch: Batch<Row>): void {
    // A snapshot states the contents, whatever they were.
    if (batch.kind === 'snapshot') {
      this.#entries.clear()
      this.#byKey.clear()
      this.#count = 0
    }
    const touched = new Map<string, { entry: Entry<Row>; isNew: boolean }>()
    for (const { raw, row, diff } of batch.updates) {
      let entry = this.#entries.get(raw)
      const isNew = entry === undefined
      entry ??= { raw, row, multiplicity: 0 }
      if (isNew) this.#entries.set(raw, entry)
      entry.multiplicity += diff
      this.#count += diff
      if (!touched.has(raw)) touched.set(raw, { entry, isNew })
    }
    const keys = new Set<string>()
    for (const { entry, isNew } of touched.values()) {
      if (entry.multiplicity < 0)
        throw new TailError(
          'NEGATIVE_MULTIPLICITY',
          `Row ${JSON.stringify(entry.raw)} has multiplicity ${entry.multiplicity} at ${batch.upper}.`,
        )
      if (entry.multiplicity === 0) this.#entries.delete(entry.raw)
      if (this.#keyed) keys.add(this.#index(this.#keyed, entry, isNew))
    }
    for (const key of keys) this.#check(key, batch.upper - 1n)
  }

  /** How many distinct rows there are. */
  get size(): number {
    return this.#entries.size
  }

  /** How many rows there are, each as often as it is there. */
  get count(): number {
    return this.#count
  }

  /** The row of a key; of several the one whose text comes first. */
  get(key: string): Row | undefined {
    return this.#byKey.get(key)?.[0]?.row
  }

  /** Each distinct row once, with its multiplicity: as it is when the iteration begins, whatever happens while it goes on. */
  *entries(): Generator<readonly [row: Row, multiplicity: number]> {
    const now = Array.from(this.#entries.values(), ({ row, multiplicity }) => [row, multiplicity] as const)
    yield* now
  }

  first(count: number): readonly Row[] {
    const rows: Row[] = []
    for (const { row, multiplicity } of this.#entries.values()) {
      for (let copies = 0; copies < multiplicity && rows.length < count; copies++) rows.push(row)
      if (rows.length >= count) break
    }
    return rows
  }

  /** Every row, as often as it is there. */
  rows(): readonly Row[] {
    const rows: Row[] = []
    for (const { row, multiplicity } of this.#entries.values())
      for (let i = 0; i < multiplicity; i++) rows.push(row)
    return rows
  }

  #index({ keyOf }: Keyed<Row>, entry: Entry<Row>, isNew: boolean): string {
    const key = keyOf(entry.row)
    const others = this.#byKey.get(key) ?? []
    if (entry.multiplicity === 0) {
      const left = others.filter(other => other !== entry)
      if (left.length === 0) this.#byKey.delete(key)
      else this.#byKey.set(key, left)
    } else if (isNew)
      this.#byKey.set(
        key,
        others.length === 0 ? [entry] : [...others, entry].sort((a, b) => (a.raw < b.raw ? -1 : 1)),
      )
    return key
  }

  #check(key: string, timestamp: bigint): void {
    const entries = this.#byKey.get(key) ?? []
    if (entries.length < 2 && (entries[0]?.multiplicity ?? 0) < 2) return
    const rows = entries.flatMap(({ row, multiplicity }) => (multiplicity > 1 ? [row, row] : [row]))
    this.#keyed?.onViolation({ key, rows, timestamp })
  }
}
