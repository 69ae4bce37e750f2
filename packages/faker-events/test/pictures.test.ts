import { expect, test } from 'vitest'
import { events, type Scenario, scenarios } from '../src/index.js'
import { draw, type Picture } from './support/picture.js'
import { origin } from './support/story.js'

/** The pictures of the README; `vitest -u` draws them anew. */
function picture(scenario: Scenario, minutes: number, alerts: Picture['alerts']): Picture {
  const range = { from: origin, to: origin + minutes * 60_000 }
  const times = [...events(scenario, range)].map(({ timestampMs }) => timestampMs).filter(ms => ms >= origin)
  return {
    title: `${scenario.name}: events per second, and the alerts that must fire`,
    ...range,
    times,
    alerts,
  }
}

const models = { windowMs: 30_000, threshold: 25 }

test('the picture of the deployments scenario shows what it does', async () => {
  const story = scenarios.deployments({ seed: 7 })
  const alerts = story
    .expectations({ from: origin, to: origin + 300_000, ...models, enterpriseLimit: 8 })
    .map(alert => ({
      ...alert,
      name: alert.view === 'organization_alert' ? `organization ${alert.organization}` : alert.customerName,
    }))
  await expect(draw(picture(story, 5, alerts))).toMatchFileSnapshot('../pictures/deployments.svg')
})

test('the picture of the incident scenario shows what it does', async () => {
  const story = scenarios.incident({ seed: 7 })
  const alerts = story
    .expectations({ from: origin, to: origin + 600_000, windowMs: 30_000, failures: 2, flaps: 2 })
    .map(alert => ({ ...alert, name: `${alert.view.split('_')[0]}: ${alert.serviceName}` }))
  await expect(draw(picture(story, 10, alerts))).toMatchFileSnapshot('../pictures/incident.svg')
})

test('the picture of the orders scenario shows what it does', async () => {
  const story = scenarios.orders({ seed: 7 })
  const alerts = story
    .expectations({ from: origin, to: origin + 300_000, threshold: 20 })
    .map(alert => ({ ...alert, name: `backlog of ${alert.organization}` }))
  await expect(draw(picture(story, 5, alerts))).toMatchFileSnapshot('../pictures/orders.svg')
})
