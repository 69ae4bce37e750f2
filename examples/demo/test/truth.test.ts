import {
  type DeploymentsScenario,
  events,
  type Scenario,
  scenarios,
  type TimeRange,
  withFaults,
} from '@mzalert/faker-events'
import { expect, test } from 'vitest'
import {
  arrivalMs,
  deploymentModels,
  hourMs,
  nameOf,
  origin,
  parameters,
  type Setup,
  startTruth,
} from './support/truth.js'

const scenario = scenarios.deployments({ seed: 7 })

type Interval = readonly [name: string, firesAtMs: number, resolvesAtMs: number]

/** Every interval in which the engine holds an alert, found by looking whenever something may have changed. */
async function observed(
  setup: Setup,
  story: Scenario<{ readonly event_ts: number }>,
  range: TimeRange,
): Promise<readonly Interval[]> {
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
  const truth = await startTruth(setup, all)
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
  // What does not resolve by itself.
  for (const [name, firesAtMs] of since) found.push([name, firesAtMs, Number.POSITIVE_INFINITY])
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
  expect(await observed(deploymentModels(scenario), scenario, range)).toEqual(alerts)
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
  expect(await observed(deploymentModels(scenario), faulty, range)).toEqual(alerts)
}, 120_000)

test('E2: in an incident, services are failing, silent and flapping in the engine when the scenario says so', async () => {
  const incident = scenarios.incident({
    seed: 7,
    calmMs: 20_000,
    failingMs: 60_000,
    silentMs: 60_000,
    everyMs: 300_000,
  })
  const range = { from: origin, to: origin + 300_000 }
  const limits = { windowMs: 30_000, failures: 2, flaps: 2 }
  const view = (name: string, event: string, limit: number): string =>
    `SELECT '${name} ' || (data->>'service_name') FROM recent WHERE data->>'event_type' = '${event}'
     GROUP BY 1 HAVING count(*) > ${limit}`
  const setup = {
    statements: [
      'CREATE TABLE incident (data jsonb NOT NULL)',
      'CREATE TABLE services (service_id int, service_name text)',
      `CREATE VIEW recent AS SELECT data FROM incident WHERE mz_now() >= (data->>'event_ts')::bigint * 1000
       AND mz_now() < (data->>'event_ts')::bigint * 1000 + ${limits.windowMs}`,
    ],
    table: 'incident',
    alerts: `${view('failing_service', 'deployment_failed', limits.failures)}
      UNION ALL ${view('flapping_service', 'service_down', limits.flaps)}
      UNION ALL SELECT 'silent_service ' || service_name FROM services
        WHERE service_id NOT IN (SELECT (data->>'service_id')::int FROM recent)`,
    reference: { table: 'services', columns: ['service_id', 'service_name'], rows: incident.services },
  }
  const alerts = incident
    .expectations({ ...range, ...limits })
    .map((alert): Interval => [`${alert.view} ${alert.serviceName}`, alert.firesAtMs, alert.resolvesAtMs])
    .sort()
  expect(new Set(alerts.map(([name]) => name.split(' ')[0])).size).toBe(3)
  const found = await observed(setup, incident, range)
  // After the last event all fall silent, of which the scenario says nothing.
  expect(found.filter(([, firesAtMs]) => firesAtMs < range.to)).toEqual(alerts)
}, 120_000)
