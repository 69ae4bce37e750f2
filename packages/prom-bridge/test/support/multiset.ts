import type { Batch, UnknownRow } from '@mzalert/tail-client'
import fc from 'fast-check'
import type { CollisionPolicy } from '../../src/types.js'

/** Few enough values that rows meet, among them everything that has a meaning in the text format. */
const label = fc.oneof(
  fc.constantFrom(
    null,
    '',
    'A',
    'a"b',
    'a\\',
    '\\n',
    '\n',
    ',b="x"',
    '}',
    '# HELP x',
    '1,b:2',
    'é😀',
    '\r',
    '\0',
  ),
  fc.string({ unit: 'binary', maxLength: 3 }),
)
const value = fc.constantFrom(null, 'many', 1, 2n, '3.5', Number.NaN, Number.NEGATIVE_INFINITY, true)
export const row: fc.Arbitrary<UnknownRow> = fc.record({ a: label, b: label, n: value })

export interface Step {
  readonly kind: Batch<UnknownRow>['kind']
  /** Which of the rows, and by how much. */
  readonly diffs: readonly (readonly [number, number])[]
}

export const step: fc.Arbitrary<Step> = fc.record({
  kind: fc.constantFrom('changes', 'changes', 'changes', 'reconciled', 'progress', 'snapshot'),
  diffs: fc.array(fc.tuple(fc.nat(11), fc.constantFrom(-2, -1, 1, 1, 2)), { maxLength: 8 }),
})

/** A row that the view holds, as the model knows it. */
export interface Held {
  readonly row: UnknownRow
  readonly raw: string
  multiplicity: number
  insertedAt: bigint
}

/** The multiset, recomputed from nothing at every batch: what the view holds, and so what must be exported. */
export class Model {
  readonly #rows = new Map<string, Held>()

  apply({ kind, updates }: Batch<UnknownRow>): void {
    const before = new Map([...this.#rows].map(([raw, { multiplicity }]) => [raw, multiplicity]))
    if (kind === 'snapshot') for (const held of this.#rows.values()) held.multiplicity = 0
    for (const { row: columns, raw, diff, timestamp } of updates) {
      const held = this.#rows.get(raw) ?? { row: columns, raw, multiplicity: 0, insertedAt: 0n }
      held.multiplicity += diff
      // What a snapshot has as often as before has not been inserted by it.
      if (diff > 0 && (kind !== 'snapshot' || held.multiplicity > (before.get(raw) ?? 0)))
        held.insertedAt = timestamp
      this.#rows.set(raw, held)
    }
    for (const [raw, { multiplicity }] of this.#rows) if (multiplicity === 0) this.#rows.delete(raw)
  }

  get live(): readonly Held[] {
    return [...this.#rows.values()].filter(({ multiplicity }) => multiplicity > 0)
  }

  get rowCount(): number {
    return this.live.reduce((sum, { multiplicity }) => sum + multiplicity, 0)
  }

  get negativeRows(): number {
    return [...this.#rows.values()].filter(({ multiplicity }) => multiplicity < 0).length
  }

  /** The rows of each series, by its labels as JSON. Where rows are counted, those without a number are rows, too. */
  series(isCounted: boolean): ReadonlyMap<string, readonly Held[]> {
    const series = new Map<string, readonly Held[]>()
    for (const held of this.live) {
      if (!isCounted && numberOf(held.row['n']) === undefined) continue
      const labels = Object.fromEntries(
        ['a', 'b'].flatMap(name => {
          const text = held.row[name]
          return typeof text === 'string' && text !== '' ? [[name, Buffer.from(text).toString()]] : []
        }),
      )
      const key = JSON.stringify(labels)
      series.set(key, [...(series.get(key) ?? []), held])
    }
    return series
  }
}

function numberOf(given: unknown): number | undefined {
  if (given === null || given === 'many') return undefined
  return Number(given)
}

/** What the policy makes of the rows of a series. */
export function settled(rows: readonly Held[], policy: CollisionPolicy): number {
  const value = ({ row: columns }: Held): number => numberOf(columns['n']) ?? Number.NaN
  if (policy === 'count') return rows.reduce((sum, { multiplicity }) => sum + multiplicity, 0)
  if (policy === 'sum') return rows.reduce((sum, held) => sum + value(held) * held.multiplicity, 0)
  if (policy === 'last') {
    const [last] = rows.toSorted((x, y) =>
      x.insertedAt === y.insertedAt ? (x.raw < y.raw ? 1 : -1) : Number(y.insertedAt - x.insertedAt),
    )
    return last ? value(last) : Number.NaN
  }
  const numbers = rows.map(value).filter(number => !Number.isNaN(number))
  if (numbers.length === 0) return Number.NaN
  return policy === 'min' ? Math.min(...numbers) : Math.max(...numbers)
}

export const policies: fc.Arbitrary<CollisionPolicy> = fc.constantFrom<CollisionPolicy>(
  'max',
  'min',
  'sum',
  'count',
  'last',
  'error',
)
