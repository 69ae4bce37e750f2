import { expectations, scenarios } from '@mzalert/faker-events'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type Chain, type SlackMessage, startChain, until } from '../../src/chain/index.js'
import { readTopic } from '../../src/kafka.js'
import type { Alert, Notification } from '../../src/webhook/notification.js'

const settings = { windowMs: 5000, threshold: 25 }
const story = { seed: 5, firstSpikeMs: 10_000, spikeEveryMs: 10_000 }
const spikes = 5

const notifications: Notification[] = []
const messages: SlackMessage[] = []
let chain: Chain

beforeAll(async () => {
  chain = await startChain({
    ...settings,
    story: {
      SEED: String(story.seed),
      FIRST_SPIKE_MS: String(story.firstSpikeMs),
      SPIKE_EVERY_MS: String(story.spikeEveryMs),
    },
    scale: { scrapeSeconds: 1, keepFiringSeconds: 5, forSeconds: 5 },
    onNotification: notification => notifications.push(notification),
    onSlack: message => messages.push(message),
  })
}, 180_000)
afterAll(() => chain?.close())

/** Alerts as the webhook heard of them, each once, by when they began. */
function heard(alertname: string, status: Alert['status']): readonly Alert[] {
  const found = new Map<string, Alert>()
  for (const alert of notifications.flatMap(({ alerts }) => alerts))
    if (alert.labels['alertname'] === alertname && alert.status === status)
      found.set(`${alert.fingerprint} ${alert.startsAt}`, alert)
  return [...found.values()].sort((one, other) => one.startsAt.localeCompare(other.startsAt))
}

const organizations = (alerts: readonly Alert[]): readonly (string | undefined)[] =>
  alerts.map(({ labels }) => labels['organization'])

test('five spikes fire and resolve at the webhook, in the order and for the organizations that the scenario says', async () => {
  await until('five alerts have been resolved', () => heard('DeploymentSpike', 'resolved').length >= spikes)
  const records = await readTopic(chain.kafka.address, 'deployments')
  const spike = records
    .filter(({ headers }) => headers['stream'] === 'spike')
    .sort((one, other) => one.timestampMs - other.timestampMs)[0]
  const from = (spike?.timestampMs ?? 0) - story.firstSpikeMs
  const to = from + story.firstSpikeMs + (spikes - 1) * story.spikeEveryMs + settings.windowMs
  const expected = expectations(scenarios.deployments(story), { from, to, ...settings }).map(
    ({ organization }) => organization,
  )
  expect(expected).toHaveLength(spikes)
  expect(organizations(heard('DeploymentSpike', 'firing')).slice(0, spikes)).toEqual(expected)
  expect(organizations(heard('DeploymentSpike', 'resolved')).slice(0, spikes)).toEqual(expected)
}, 180_000)
