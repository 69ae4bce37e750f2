import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import fc from 'fast-check'
import { afterEach, expect, test } from 'vitest'
import { type Bridge, bridge } from '../../src/bridge/bridge.js'
import { Model, policies, row, settled, step } from '../support/multiset.js'
import { Prometheus } from '../support/prometheus.js'
import { batch, TestSource, update } from '../support/source.js'

let made: Bridge | undefined
let server: Server | undefined
let prometheus: Prometheus | undefined

afterEach(async () => {
  await prometheus?.close()
  await made?.close()
  server?.closeAllConnections()
  await new Promise(resolve => server?.close(resolve) ?? resolve(undefined))
})

/** Rows, what happens to them in batch after batch, and what is made of those that share a series. */
const histories = fc.sample(
  fc.tuple(
    fc.array(row, { minLength: 12, maxLength: 12 }),
    fc.array(step, { minLength: 1, maxLength: 12 }),
    policies.filter(policy => policy !== 'error'),
  ),
  200,
)

const number = (text: string | undefined): number => Number(text?.replace('Inf', 'Infinity'))

test('B22: a real Prometheus has exactly what the multiset makes, after any batches under any policy', async () => {
  const sources = histories.map(() => new TestSource())
  made = bridge({
    views: histories.map(([, , collisions], index) => ({
      view: `v${index}`,
      labels: { a: 'a', b: 'b' },
      collisions,
      source: sources[index] ?? new TestSource(),
      ...(collisions === 'count' ? {} : { value: { column: 'n' } }),
    })),
  })
  const wanted = await Promise.all(
    histories.map(async ([rows, steps, policy], index) => {
      const model = new Model()
      const all = [{ kind: 'snapshot' as const, diffs: [] }, ...steps]
      for (const [at, { kind, diffs }] of all.entries()) {
        const given = batch(
          kind,
          diffs.map(([which, diff]) => update(rows[which] ?? {}, diff, 1000 + at)),
        )
        model.apply(given)
        await sources[index]?.push(given)
      }
      const series = [...model.series(policy === 'count')]
      return Object.fromEntries(series.map(([key, held]) => [key, settled(held, policy) + 0]))
    }),
  )
  server = createServer(made.handler)
  await new Promise<void>(resolve => server?.listen(0, '127.0.0.1', resolve))
  prometheus = await Prometheus.start({
    bridge: `127.0.0.1:${(server.address() as AddressInfo).port}`,
  })
  const { length } = [...made.samples()]
  await prometheus.until(
    async () => Number((await prometheus?.query('scrape_samples_scraped'))?.['{}']) === length,
  )
  for (const [index, samples] of wanted.entries()) {
    const seen = await prometheus.query(`v${index}`)
    expect(
      Object.fromEntries(Object.entries(seen).map(([key, text]) => [key, number(text)])),
      JSON.stringify(histories[index]?.slice(1)),
    ).toEqual(samples)
  }
  expect(wanted.filter(samples => Object.keys(samples).length > 1).length).toBeGreaterThan(50)
})
