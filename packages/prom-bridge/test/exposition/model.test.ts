import { type Batch, fromCopyStream, type UnknownRow } from '@mzalert/tail-client'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { Gauge } from '../../src/exposition/gauge.js'
import { plans } from '../../src/series/plan.js'
import { finish } from '../../src/series/slices.js'
import { SeriesStore } from '../../src/series/store.js'
import type { CollisionPolicy } from '../../src/types.js'
import { Model, policies, row, type Step, settled, step } from '../support/multiset.js'
import { samplesOf } from '../support/parse.js'
import { batch, update } from '../support/source.js'

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
