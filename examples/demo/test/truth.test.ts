import {
  type DeploymentsScenario,
  events,
  scenarios,
  type TimeRange,
  withFaults,
} from '@mzalert/faker-events'
import { expect, test } from 'vitest'
import { arrivalMs, hourMs, nameOf, origin, parameters, startTruth } from './support/truth.js'

const scenario = scenarios.deployments({ seed: 7 })

type Interval = readonly [name: string, firesAtMs: number, resolvesAtMs: number]

/** Every interval in which the engine holds an alert, found by looking whenever something may have changed. */
async function observed(story: DeploymentsScenario, range: TimeRange): Promise<readonly Interval[]> {
  const all = [...events(story, range)]
  // Nothing can change at any other time: an event comes, or its window begins or passes.
  const times = new Set<number>([origin])
  for (const event of all) {
    times.add(arrivalMs(event))
    times.add(event.value.event_ts * 1000)
    times.add(event.value.event_ts * 1000 + parameters.windowMs)
  }
  const found: Interval[] = []
  const since = new Map<string, number>()
  const truth = await startTruth(story, all)
  try {
    for (const ms of [...times].filter(each => each >= origin).sort((one, other) => one - other)) {
      const names = await truth.at(ms)
      for (const name of names) if (!since.has(name)) since.set(name, ms)
      for (const [name, firesAtMs] of since) {
        if (names.has(name)) continue
        found.push([name, firesAtMs, ms])
        since.delete(name)
      }
    }
  } finally {
    await truth.close()
  }
  expect(since.size).toBe(0)
  return found.sort()
}

function expected(
  story: DeploymentsScenario,
  range: Required<Omit<TimeRange, 'startAt'>>,
): readonly Interval[] {
  return story
    .expectations({ ...range, ...parameters })
    .map((alert): Interval => [nameOf(alert), alert.firesAtMs, alert.resolvesAtMs])
    .sort()
}

test('E2: over an hour, each alert fires and resolves in the engine at the very millisecond that the scenario says', async () => {
  const range = { from: origin, to: origin + hourMs }
  const alerts = expected(scenario, range)
  expect(alerts.length).toBeGreaterThan(60)
  expect(await observed(scenario, range)).toEqual(alerts)
}, 120_000)

test('E2: so it does with events that are late, out of order, duplicated, dropped, malformed or from a wrong clock', async () => {
  const range = { from: origin, to: origin + 600_000 }
  const parts = {
    late: 0.05,
    outOfOrder: 0.1,
    duplicated: 0.1,
    dropped: 0.1,
    malformed: 0.05,
    clockSkewed: 0.1,
  }
  const faulty = withFaults(scenario, { ...parts, lateByMs: [5000, 40_000] })
  const alerts = expected(faulty, range)
  expect(alerts.length).toBeGreaterThan(10)
  expect(alerts).not.toEqual(expected(scenario, range))
  expect(await observed(faulty, range)).toEqual(alerts)
}, 120_000)
