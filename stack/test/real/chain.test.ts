import { expectations, scenarios } from '@mzalert/faker-events'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type Chain, query, type SlackMessage, startChain, until } from '../../src/chain/index.js'
import { stackFiles } from '../../src/check/files.js'
import { expressions, monitors, namesIn } from '../../src/check/metrics.js'
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
    scale: { scrapeSeconds: 1, keepFiringSeconds: 5, forSeconds: 5, resendSeconds: 2, lookbackSeconds: 10 },
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

test('C3: five spikes fire and resolve at the webhook, in the order and for the organizations that the scenario says', async () => {
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

test('the webhook is told what an alert is about, since when, and where to look', () => {
  const [alert] = heard('DeploymentSpike', 'resolved')
  expect(alert).toMatchObject({
    labels: {
      alert_cond: 'deployment_spike',
      job: 'event_exporter',
      severity: 'warning',
      view: 'organization_alert',
    },
    annotations: { summary: `Organization ${alert?.labels['organization']} deploys more than usual` },
  })
  expect(alert?.generatorURL).toContain('/graph?g0.expr=organization_alert')
  expect(Date.parse(alert?.endsAt ?? '')).toBeGreaterThan(Date.parse(alert?.startsAt ?? ''))
  expect(notifications.map(({ version }) => version)).toContain('4')
})

test('C3: Slack is told the same, in its own shape: channel, title, organization, since when, links', async () => {
  const about = (word: string): SlackMessage[] =>
    messages.filter(({ attachments }) => attachments.some(({ text }) => text.includes(word)))
  await until('Slack was told of an end', () => about('is over').length > 0)
  expect(new Set(messages.map(({ channel }) => channel))).toEqual(new Set(['#devex-toilet']))
  const [first] = messages.filter(({ attachments }) => attachments[0]?.title.endsWith('DeploymentSpike'))
  const organization = heard('DeploymentSpike', 'firing')[0]?.labels['organization']
  expect(first?.attachments[0]).toMatchObject({ color: 'warning', title: '[FIRING: 1] DeploymentSpike' })
  expect(first?.attachments[0]?.text).toMatch(
    new RegExp(
      `^:fire: \\*Organization ${organization}\\*: Organization ${organization} deploys more than usual\nsince \\d\\d:\\d\\d:\\d\\d UTC · <http://[^|]+/graph[^|]+\\|graph>`,
    ),
  )
  expect(first?.attachments[0]?.text).toMatch(/<http[^|]+silences\/new\|Silence>/)
})

test('nothing about the alerting itself fired, and every target is up', async () => {
  expect(
    notifications
      .flatMap(({ alerts }) => alerts)
      .filter(({ labels }) => /^MzAlert|Watchdog/.test(labels['alertname'] ?? '')),
  ).toEqual([])
  expect(await query(chain.urls.prometheus, 'up == 0')).toEqual([])
  expect((await query(chain.urls.prometheus, 'up')).map(({ metric }) => metric['job']).sort()).toEqual([
    'alertmanager',
    'alertmanager',
    'event_exporter',
    'producer',
    'prometheus',
  ])
  expect((await query(chain.urls.prometheus, 'ALERTS{alertname="Watchdog"}')).length).toBe(1)
})

test('every query of every rule, panel and Grafana alert runs on the real Prometheus, and those about what runs have an answer', async () => {
  const empty: string[] = []
  for (const { where, text } of expressions(stackFiles()))
    if ((await query(chain.urls.prometheus, text)).length === 0) empty.push(`${where}: ${text}`)
  // Nothing is wrong, no rows are skipped, and neither Redpanda nor Materialize is here, nor a sink that is told without Prometheus.
  const quiet =
    /mixin\/alerts\.yaml MzAlert|upstream\.json .*(redpanda|mz_|materialize)|mzalert_sink_|DeploymentSpike|CustomerOverLimit|Deployment spike|alerts\.json/
  expect(empty.filter(each => !quiet.test(each))).toEqual([])
})

test('what Prometheus and Alertmanager are taken to say of themselves, they say', async () => {
  const pages = [chain.urls.prometheus, chain.urls.alertmanager].map(async url =>
    (await fetch(`${url}/metrics`)).text(),
  )
  const said = namesIn((await Promise.all(pages)).join('\n'))
  expect(monitors.filter(name => !said.has(name))).toEqual([])
})

test('C8: when Slack cannot be reached, Prometheus knows, and the other receiver is told; when it can again, Slack hears of the rest', async () => {
  const failing = (): Alert | undefined =>
    heard('MzAlertNotificationsFailing', 'firing').find(({ labels }) => labels['integration'] === 'slack')
  await chain.parts.slack.kill()
  await until('the webhook was told of it', () => failing() !== undefined)
  const before = messages.length
  await chain.parts.slack.start()
  await until('Slack hears of alerts', () => messages.length > before)
}, 180_000)

test('C8: when one Alertmanager is gone, the other one says so, and says everything else', async () => {
  const failing = (): Alert | undefined =>
    heard('MzAlertNotificationsFailing', 'firing').find(
      ({ labels }) => labels['alertmanager'] === `${chain.urls.alertmanagerSlack}/api/v2/alerts`,
    )
  await chain.parts.alertmanagerSlack.kill()
  const [before, later] = [heard('DeploymentSpike', 'firing').length, messages.length]
  await until('the webhook was told of it', () => failing() !== undefined)
  await until('the webhook was told of a spike', () => heard('DeploymentSpike', 'firing').length > before)
  await chain.parts.alertmanagerSlack.start()
  await until('Slack hears of alerts', () => messages.length > later)
}, 180_000)
