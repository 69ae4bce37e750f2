import type { Batch, UnknownRow } from '@mzalert/tail-client'
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

/** The multiset, recomputed from nothing at every batch: what the view holds, and so what must be exported. */
class Model {
  readonly #rows = new Map<string, { readonly row: UnknownRow; multiplicity: number }>()

  apply({ kind, updates }: Batch<UnknownRow>): void {
    if (kind === 'snapshot') this.#rows.clear()
    for (const { row: columns, raw, diff } of updates) {
      const held = this.#rows.get(raw) ?? { row: columns, multiplicity: 0 }
      held.multiplicity += diff
      this.#rows.set(raw, held)
    }
  }

  get live(): readonly UnknownRow[] {
    return [...this.#rows.values()]
      .filter(({ multiplicity }) => multiplicity > 0)
      .map(({ row: columns }) => columns)
  }

  get rowCount(): number {
    return [...this.#rows.values()].reduce((sum, { multiplicity }) => sum + Math.max(multiplicity, 0), 0)
  }

  get negativeRows(): number {
    return [...this.#rows.values()].filter(({ multiplicity }) => multiplicity < 0).length
  }

  /** The values of the rows of each series, by its labels as JSON. */
  get series(): ReadonlyMap<string, readonly number[]> {
    const series = new Map<string, readonly number[]>()
    for (const columns of this.live) {
      const number = numberOf(columns['n'])
      if (number === undefined) continue
      const labels = Object.fromEntries(
        ['a', 'b'].flatMap(name => {
          const text = columns[name]
          return typeof text === 'string' && text !== '' ? [[name, Buffer.from(text).toString()]] : []
        }),
      )
      const key = JSON.stringify(labels)
      series.set(key, [...(series.get(key) ?? []), number])
    }
    return series
  }
}

function numberOf(given: unknown): number | undefined {
  if (given === null || given === 'many') return undefined
  return Number(given)
}

function settled(values: readonly number[], policy: CollisionPolicy): number {
  const numbers = values.filter(number => !Number.isNaN(number))
  if (numbers.length === 0) return Number.NaN
  return policy === 'max' ? Math.max(...numbers) : Math.min(...numbers)
}

test('B1: after every batch the exposition is exactly what the multiset makes, for any rows in any batches', () => {
  fc.assert(
    fc.property(
      fc.array(row, { minLength: 12, maxLength: 12 }),
      fc.array(step, { maxLength: 12 }),
      fc.constantFrom<CollisionPolicy>('max', 'min'),
      (rows, steps, collisions) => {
        const [plan] = plans([{ view: 'v', labels: { a: 'a', b: 'b' }, value: { column: 'n' }, collisions }])
        if (!plan) throw new Error('no plan')
        const store = new SeriesStore(plan)
        const gauge = new Gauge(plan.name, plan.help)
        const model = new Model()
        for (const { kind, diffs } of [{ kind: 'snapshot', diffs: [] } as Step, ...steps]) {
          const updates = diffs.map(([index, diff]) => update(rows[index] ?? {}, diff))
          const given = batch(kind, updates)
          gauge.publish(finish(gauge.next(finish(store.apply(given)))))
          model.apply(given)
          const wanted = Object.fromEntries(
            [...model.series].map(([labels, values]) => [labels, settled(values, collisions)]),
          )
          expect(samplesOf(Buffer.concat(finish(gauge.bytes(0))).toString(), 'v')).toEqual(wanted)
          expect(store.counts).toMatchObject({
            rows: model.rowCount,
            series: model.series.size,
            collisions: [...model.series.values()].filter(({ length }) => length > 1).length,
            negativeRows: model.negativeRows,
          })
        }
      },
    ),
    { numRuns: 400 },
  )
})
