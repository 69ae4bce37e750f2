import { type ExpectedAlert, expectations, scenarios } from '@mzalert/faker-events'
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { Transition } from '../src/board.js'
import { type Chain, startChain } from '../src/chain.js'
import type { DemoOptions } from '../src/options.js'

const options: DemoOptions = {
  runMs: undefined,
  spikeEveryMs: 5000,
  windowMs: 3000,
  threshold: 20,
  seed: 7,
  sqlPort: 0,
  metricsPort: 0,
  prometheus: false,
  direct: false,
  alertmanagerUrl: undefined,
}
const spikes = 2

let chain: Chain

beforeAll(async () => {
  chain = await startChain(options, { onTransition: () => {}, onNotice: () => {} })
})
afterAll(() => chain.close())

test('E2: the alerts that the scenario must raise fire and resolve, no others, each in its time', async () => {
  const seenWhileFiring: string[] = []
  const organizationsDone = (): readonly Transition[] =>
    ofOrganizations(chain.watch.transitions).filter(({ to }) => to === 'resolved')
  await until(async () => {
    if (chain.watch.firing.size > 0 && seenWhileFiring.length === 0) seenWhileFiring.push(await metrics())
    return organizationsDone().length >= spikes
  })
  const expected = expectedAlerts().slice(0, spikes)
  expect(expected).toHaveLength(spikes)
  const transitions = ofOrganizations(chain.watch.transitions).slice(0, spikes * 2)
  expect(transitions.map(({ alert, to }) => `${alert} ${to}`)).toEqual(
    expected.flatMap(({ organization }) => [
      `deployment_spike ${organization} firing`,
      `deployment_spike ${organization} resolved`,
    ]),
  )
  expected.forEach(({ firesAtMs, resolvesAtMs }, index) => {
    const [fired, resolved] = transitions.slice(index * 2)
    expect(fired?.atMs).toBeGreaterThanOrEqual(firesAtMs)
    expect(fired?.atMs).toBeLessThan(resolvesAtMs)
    expect(resolved?.atMs).toBeGreaterThanOrEqual(resolvesAtMs)
  })
  expect(seenWhileFiring.join()).toMatch(
    /organization_alert\{alert_cond="deployment_spike",organization="[A-D]"\} 1/,
  )
})

test('when nothing fires, the series are gone, and the page and the probes answer', async () => {
  await until(async () => chain.watch.firing.size === 0 && !(await metrics()).includes('organization_alert{'))
  expect((await fetch(`${chain.metricsUrl}/-/ready`)).status).toBe(200)
  expect((await fetch(`${chain.metricsUrl}/-/healthy`)).status).toBe(200)
  expect(await (await fetch(chain.metricsUrl)).text()).toContain('organization_alert')
})

function expectedAlerts(): readonly Extract<ExpectedAlert, { view: 'organization_alert' }>[] {
  const { scenario, originMs } = chain.story
  const { windowMs, threshold } = options
  return expectations(scenarios.deployments(scenario), {
    from: originMs,
    to: Date.now(),
    windowMs,
    threshold,
  }).filter(alert => alert.view === 'organization_alert')
}

function ofOrganizations(transitions: readonly Transition[]): readonly Transition[] {
  return transitions.filter(({ alert }) => alert.startsWith('deployment_spike '))
}

async function metrics(): Promise<string> {
  return (await fetch(`${chain.metricsUrl}/metrics`)).text()
}

async function until(condition: () => Promise<boolean>): Promise<void> {
  const deadline = performance.now() + 25_000
  while (!(await condition())) {
    if (performance.now() > deadline)
      throw new Error(`never became true; transitions: ${JSON.stringify(chain.watch.transitions)}`)
    await new Promise(resolve => setTimeout(resolve, 20))
  }
}
