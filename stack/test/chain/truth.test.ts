import { events, expectations, scenarios } from '@mzalert/faker-events'
import { expect, test } from 'vitest'
import { firingAt, truth } from '../../src/chain/truth.js'

test('what is computed from the records alone is what the scenario expects', () => {
  const scenario = scenarios.deployments({ seed: 7, spikeEveryMs: 10_000 })
  const from = 1_700_000_000_123
  const range = { from, to: from + 120_000 }
  const settings = { windowMs: 5000, threshold: 25 }
  const records = [...events(scenario, range)].map(({ timestampMs, value }) => ({
    timestampMs: Math.max(timestampMs, from),
    value: JSON.stringify(value),
  }))
  const expected = expectations(scenario, { ...range, ...settings })
  expect(expected.length).toBeGreaterThan(8)
  expect(truth(records, settings)).toEqual(
    expected.map(({ organization, firesAtMs, resolvesAtMs }) => ({ organization, firesAtMs, resolvesAtMs })),
  )
  const [first] = expected
  expect(firingAt(truth(records, settings), first?.firesAtMs ?? 0)).toEqual([first?.organization])
  expect(firingAt(truth(records, settings), first?.resolvesAtMs ?? 0)).toEqual([])
})
