import { type Batch, fromCopyStream, type UnknownRow } from '@mzalert/tail-client'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { Gauge } from '../../src/exposition/gauge.js'
import { plans } from '../../src/series/plan.js'
import { finish } from '../../src/series/slices.js'
import { SeriesStore } from '../../src/series/store.js'
import type { CollisionPolicy } from '../../src/types.js'
import { samplesOf } from '../support/parse.js'
import { batch, update } from '../support/source.js'

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
const row = fc.record({ a: label, b: label, n: value })

interface Step {
  readonly kind: Batch<UnknownRow>['kind']
  /** Which of the rows, and by how much. */
  readonly diffs: readonly (readonly [number, number])[]
}

const step: fc.Arbitrary<Step> = fc.record({
  kind: fc.constantFrom('changes', 'changes', 'changes', 'reconciled', 'progress', 'snapshot'),
  diffs: fc.array(fc.tuple(fc.nat(11), fc.constantFrom(-2, -1, 1, 1, 2)), { maxLength: 8 }),
})

/** A row that the view holds, as the model knows it. */
interface Held {
  readonly row: UnknownRow
  readonly raw: string
  multiplicity: number
  insertedAt: bigint
}

/** The multiset, recomputed from nothing at every batch: what the view holds, and so what must be exported. */
class Model {
  readonly #rows = new Map<string, Held>()

  apply({ kind, updates }: Batch<UnknownRow>): void {
    if (kind === 'snapshot') for (const held of this.#rows.values()) held.multiplicity = 0
    for (const { row: columns, raw, diff, timestamp } of updates) {
      const held = this.#rows.get(raw) ?? { row: columns, raw, multiplicity: 0, insertedAt: 0n }
      held.multiplicity += diff
      if (diff > 0) held.insertedAt = timestamp
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
function settled(rows: readonly Held[], policy: CollisionPolicy): number {
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

/** A view under a policy, beside the model of it. */
class Compared {
  readonly #policy: CollisionPolicy
  readonly #store: SeriesStore
  readonly #gauge: Gauge
  readonly #model = new Model()
  #shown: Readonly<Record<string, number>> = {}

  constructor(policy: CollisionPolicy) {
    const value = policy === 'count' ? {} : { value: { column: 'n' } }
    const [plan] = plans([{ view: 'v', labels: { a: 'a', b: 'b' }, collisions: policy, ...value }])
    if (!plan) throw new Error('no plan')
    this.#policy = policy
    this.#store = new SeriesStore(plan)
    this.#gauge = new Gauge(plan.name, plan.help)
  }

  apply(given: Batch<UnknownRow>): void {
    const delta = finish(this.#store.apply(given))
    this.#gauge.publish(finish(this.#gauge.next(delta)))
    this.#model.apply(given)
    const series = this.#model.series(this.#policy === 'count')
    const collisions = [...series.values()].filter(({ length }) => length > 1).length
    const isBlocked = this.#policy === 'error' && collisions > 0
    expect(delta.blocked !== undefined).toBe(isBlocked)
    if (!isBlocked)
      this.#shown = Object.fromEntries([...series].map(([key, rows]) => [key, settled(rows, this.#policy)]))
    expect(samplesOf(Buffer.concat(finish(this.#gauge.bytes(0))).toString(), 'v')).toEqual(this.#shown)
    expect(this.#store.counts).toMatchObject({
      rows: this.#model.rowCount,
      series: Object.keys(this.#shown).length,
      collisions,
      negativeRows: this.#model.negativeRows,
    })
  }
}

const policies = fc.constantFrom<CollisionPolicy>('max', 'min', 'sum', 'count', 'last', 'error')

test('B1: after every batch the exposition is exactly what the multiset makes, for any rows in any batches under any policy', () => {
  fc.assert(
    fc.property(
      fc.array(row, { minLength: 12, maxLength: 12 }),
      fc.array(step, { maxLength: 12 }),
      policies,
      (rows, steps, policy) => {
        const compared = new Compared(policy)
        for (const [index, { kind, diffs }] of [{ kind: 'snapshot', diffs: [] } as Step, ...steps].entries())
          compared.apply(
            batch(
              kind,
              diffs.map(([which, diff]) => update(rows[which] ?? {}, diff, 1000 + index)),
            ),
          )
      },
    ),
    { numRuns: 1000 },
  )
})

test('B1: the same is so for bytes of a stream, in whatever chunks they come', async () => {
  const columns = [
    { name: 'a', oid: 25 },
    { name: 'b', oid: 25 },
    { name: 'n', oid: 701 },
  ]
  const cells = fc.tuple(
    fc.constantFrom('A', 'B', '\\N', ',b="x"', 'é😀'),
    fc.constantFrom('A', '\\N'),
    fc.constantFrom('1', '2.5', '\\N', 'NaN'),
  )
  await fc.assert(
    fc.asyncProperty(
      fc.array(cells, { minLength: 6, maxLength: 6 }),
      fc.array(fc.array(fc.tuple(fc.nat(5), fc.constantFrom(-1, 1, 2)), { maxLength: 5 }), { maxLength: 10 }),
      fc.array(fc.integer({ min: 1, max: 40 }), { minLength: 1, maxLength: 20 }),
      policies,
      async (rows, steps, sizes, policy) => {
        const progressed = (timestamp: number): string => `${timestamp}\tt${'\t\\N'.repeat(4)}\n`
        // A server says first where the snapshot is, then what is in it.
        const lines = steps.flatMap((diffs, index) => [
          ...(index === 0 ? [progressed(1000)] : []),
          ...diffs.map(([which, diff]) => `${1000 + index}\tf\t${diff}\t${rows[which]?.join('\t')}\n`),
          progressed(1001 + index),
        ])
        const compared = new Compared(policy)
        let applied = 0n
        for await (const closed of fromCopyStream(chunks(Buffer.from(lines.join('')), sizes), { columns })) {
          compared.apply(closed)
          applied = closed.upper
        }
        expect(applied).toBe(steps.length === 0 ? 0n : BigInt(1000 + steps.length))
      },
    ),
    { numRuns: 400 },
  )
})

async function* chunks(bytes: Buffer, sizes: readonly number[]): AsyncGenerator<Uint8Array> {
  for (let at = 0, index = 0; at < bytes.length; index++) {
    const size = sizes[index % sizes.length] ?? 1
    yield bytes.subarray(at, at + size)
    at += size
  }
}
