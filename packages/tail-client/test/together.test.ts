import fc from 'fast-check'
import { expect, test } from 'vitest'
import { tail, tailAll } from '../src/index.js'
import { progress, update } from '../src/testing/messages.js'
import type { ScriptedClient } from '../src/testing/server.js'
import type { Batch, BatchKind } from '../src/types/batch.js'
import { accepted, serve } from './support/serve.js'

type Told = readonly [lower: bigint, upper: bigint, ...rows: (readonly string[])[]]

test('T80: snapshots as of different timestamps come together, at the first frontier at which both are known', async () => {
  let early: ScriptedClient | undefined
  const a = await serve({
    copy: client => {
      early = client
      client.send(accepted, progress(1000), update(1000, 1, 'a'), progress(1001))
    },
  })
  const b = await serve({
    copy: client => {
      client.send(accepted, progress(2000), update(2000, 1, 'b'), progress(2001))
      early?.send(update(1500, 1, 'c'), progress(2001))
    },
  })
  const told: Told[] = []
  const tails = { a: tail('a', a.options), b: tail('b', b.options) }
  for await (const { lower, upper, updates } of tailAll(tails)) {
    told.push([lower, upper, updates.a.map(({ raw }) => raw), updates.b.map(({ raw }) => raw)])
    break
  }
  expect(told).toEqual([[0n, 2001n, ['a', 'c'], ['b']]])
})

test('T80: what a view was like while its connection was lost is not said of the others either', async () => {
  let first: ScriptedClient | undefined
  let other: ScriptedClient | undefined
  const lost = await serve({
    copy: (client, _statement, connection) => {
      first ??= client
      if (connection === 0) client.send(accepted, progress(10), update(10, 1, 'old'), progress(11))
      else {
        client.send(accepted, progress(50), update(50, 1, 'new'), progress(51))
        other?.send(update(40, 1, 'd40'), progress(51))
      }
    },
  })
  const steady = await serve({
    copy: client => {
      other = client
      client.send(accepted, progress(10), update(10, 1, 'd'), progress(11))
    },
  })
  const told: Told[] = []
  const tails = {
    lost: tail('l', { ...lost.options, generation: 'tail' }),
    steady: tail('s', steady.options),
  }
  for await (const { lower, upper, updates } of tailAll(tails)) {
    const of = (name: 'lost' | 'steady'): string[] =>
      updates[name].map(({ diff, raw }) => `${diff > 0 ? '+' : '-'}${raw}`)
    told.push([lower, upper, of('lost'), of('steady')])
    if (upper === 11n) {
      other?.send(update(20, 1, 'd20'), progress(30))
      first?.reset()
    } else break
  }
  expect(told).toEqual([
    [0n, 11n, ['+old'], ['+d']],
    [11n, 51n, ['-old', '+new'], ['+d20', '+d40']],
  ])
})

/** A view's history: what its row's multiplicity changes by at each timestamp from 1 on. */
interface Story {
  readonly diffs: readonly number[]
  readonly asOf: number
  /** Where batches end, and of which kind they are. */
  readonly cuts: readonly (readonly [upper: number, kind: 'changes' | 'merged' | 'reconciled'])[]
}

const end = 12
const story: fc.Arbitrary<Story> = fc.record({
  diffs: fc.array(fc.integer({ min: -2, max: 2 }), { minLength: end, maxLength: end }),
  asOf: fc.integer({ min: 0, max: end - 1 }),
  cuts: fc.array(
    fc.tuple(fc.integer({ min: 1, max: end }), fc.constantFrom('changes', 'merged', 'reconciled')),
  ),
})

/** What a row's multiplicity is before `upper`. */
function contentsAt({ diffs }: Story, upper: number): number {
  return diffs.slice(0, upper).reduce((sum, diff) => sum + diff, 0)
}

function batchesOf(told: Story): readonly Batch<unknown>[] {
  const { diffs, asOf } = told
  const at = (timestamp: number, diff: number): Batch<unknown>['updates'] =>
    diff === 0 ? [] : [{ row: {}, raw: 'x', timestamp: BigInt(timestamp), diff }]
  const batch = (kind: BatchKind, lower: number, upper: number, updates: Batch<unknown>['updates']) => ({
    kind,
    lower: BigInt(lower),
    upper: BigInt(upper),
    updates,
  })
  const first = asOf + 1
  const batches = [batch('snapshot', asOf, first, at(asOf, contentsAt(told, first)))]
  let lower = first
  const cuts = [...told.cuts].sort(([a], [b]) => a - b)
  for (const [upper, kind] of [...cuts, [end, 'changes'] as const]) {
    if (upper <= lower) continue
    const span = diffs.slice(lower, upper)
    const each = span.flatMap((diff, i) => at(lower + i, diff))
    const net = at(
      upper - 1,
      span.reduce((sum, diff) => sum + diff, 0),
    )
    batches.push(batch(kind, lower, upper, kind === 'changes' ? each : net))
    lower = upper
  }
  return batches
}

test('T80: at every joint batch each view is what its history says, whatever batches it came in', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(story, { minLength: 1, maxLength: 4 }), async stories => {
      const tails = Object.fromEntries(
        stories.map((told, i) => [
          `view ${i}`,
          {
            batches: async function* () {
              yield* batchesOf(told)
            },
            close: async () => {},
          },
        ]),
      )
      const sums = stories.map(() => 0)
      let reached = 0n
      for await (const { lower, upper, updates } of tailAll(tails)) {
        expect(lower).toBe(reached)
        expect(upper).toBeGreaterThan(lower)
        reached = upper
        stories.forEach((told, i) => {
          for (const { timestamp, diff } of updates[`view ${i}`] ?? []) {
            expect(timestamp).toBeLessThan(upper)
            sums[i] = (sums[i] ?? 0) + diff
          }
          expect(sums[i]).toBe(contentsAt(told, Number(upper)))
        })
      }
      expect(reached).toBe(BigInt(end))
    }),
  )
})
