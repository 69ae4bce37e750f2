import { events, scenarios } from '@mzalert/faker-events'
import { expect, test } from 'vitest'
import { deploymentModels, hourMs, nameOf, origin, parameters, startTruth } from '../support/truth.js'

test('E2: over a day, each alert is there when it fires and just before it resolves, and not just before or at its end', async () => {
  const scenario = scenarios.deployments({ seed: 7 })
  const range = { from: origin, to: origin + 24 * hourMs }
  const alerts = scenario.expectations({ ...range, ...parameters })
  expect(alerts.length).toBeGreaterThan(1440)
  /** Which alerts must hold or not, by time. */
  const asked = new Map<number, { readonly name: string; readonly fires: boolean }[]>()
  const ask = (atMs: number, name: string, fires: boolean): void => {
    asked.set(atMs, [...(asked.get(atMs) ?? []), { name, fires }])
  }
  for (const alert of alerts) {
    ask(alert.firesAtMs - 1, nameOf(alert), false)
    ask(alert.firesAtMs, nameOf(alert), true)
    ask(alert.resolvesAtMs - 1, nameOf(alert), true)
    ask(alert.resolvesAtMs, nameOf(alert), false)
  }
  const truth = await startTruth(deploymentModels(scenario), events(scenario, range))
  try {
    for (const [ms, questions] of [...asked].sort(([one], [other]) => one - other)) {
      const names = await truth.at(ms)
      for (const { name, fires } of questions) expect(names.has(name), `${name} at ${ms}`).toBe(fires)
    }
  } finally {
    await truth.close()
  }
}, 240_000)
