import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, expect, test } from 'vitest'
import {
  activeAlerts,
  type Chain,
  firingAt,
  type Interval,
  type Part,
  query,
  startChain,
  truth,
  until,
} from '../../src/chain/index.js'
import { readTopic } from '../../src/kafka.js'
import type { Alert } from '../../src/webhook/notification.js'

const settings = { windowMs: 12_000, threshold: 25 }
const heard: Alert[] = []
/** What each loss looked like, a line of the table in the document. */
const table: string[] = []
let chain: Chain

beforeAll(async () => {
  chain = await startChain({
    ...settings,
    story: { SEED: '5', FIRST_SPIKE_MS: '5000', SPIKE_EVERY_MS: '30000' },
    scale: { scrapeSeconds: 1, keepFiringSeconds: 8, forSeconds: 2 },
    onNotification: ({ alerts }) => heard.push(...alerts),
  })
}, 180_000)
afterAll(() => chain?.close())

/** What fires by the events that are in the topic now. */
async function intervals(): Promise<readonly Interval[]> {
  return truth(await readTopic(chain.kafka.address, 'deployments'), settings)
}

/** The organizations that Alertmanager takes for firing. */
async function firing(): Promise<readonly string[]> {
  const alerts = await activeAlerts(chain.urls.alertmanager)
  return alerts
    .filter(({ labels }) => labels['alertname'] === 'DeploymentSpike')
    .map(({ labels }) => labels['organization'] ?? '')
    .sort()
}

async function untilFiringEqualsTruth(isFiring: boolean): Promise<void> {
  await until(
    `what fires equals the truth, and that is ${isFiring ? 'an organization' : 'nobody'}`,
    async () => {
      const expected = firingAt(await intervals(), Date.now())
      const found = await firing()
      return expected.length > 0 === isFiring && found.join() === expected.join()
    },
  )
}

const isRefused = async (url: string): Promise<boolean> =>
  fetch(url).then(
    () => false,
    () => true,
  )
const value = async (expression: string): Promise<number | undefined> =>
  (await query(chain.urls.prometheus, expression))[0]?.value

const fires = async (alertname: string): Promise<boolean> =>
  (await value(`ALERTS{alertname="${alertname}", alertstate="firing"}`)) === 1
let seen = 0

/** By which one sees, from outside, that a part is gone. The alerts about it come later than a rule without keep_firing_for would resolve. */
const signs: Readonly<Record<Part, () => Promise<boolean>>> = {
  producer: async () => {
    const before = seen
    seen = (await readTopic(chain.kafka.address, 'deployments')).length
    return seen === before
  },
  kafka: () =>
    readTopic(chain.kafka.address, 'deployments').then(
      () => false,
      () => true,
    ),
  materialize: () => fires('MzAlertViewDown'),
  exporter: () => fires('MzAlertExporterDown'),
  // Before Prometheus: one that was killed is told of ended alerts again, by a Prometheus that knows how it saw them begin itself.
  alertmanager: () => fires('MzAlertNotificationsFailing'),
  prometheus: () => isRefused(chain.urls.prometheus),
}

/** What the monitors say at the moment at which the loss shows. */
async function observed(part: Part): Promise<string> {
  const asked = (expression: string): Promise<string> =>
    value(expression).then(
      found => String(found ?? 'absent'),
      () => 'no answer',
    )
  const about = await query(
    chain.urls.prometheus,
    'ALERTS{alertname=~"MzAlert(ExporterDown|ViewDown|NotificationsFailing)", alertstate="firing"}',
  ).then(
    alerts => [...new Set(alerts.map(({ metric }) => metric['alertname']))].join(', ') || 'nothing',
    () => 'no answer',
  )
  const spike = await firing().then(
    organizations => (organizations.length > 0 ? 'goes on firing' : 'does not fire'),
    () => 'no answer',
  )
  const up = await asked('up{job="event_exporter"}')
  return `| ${part} | ${up} | ${await asked('min(mzalert_view_up)')} | ${about} | ${spike} |`
}

const parts = Object.keys(signs) as Part[]

test.each(parts)(
  'C4: when %s is killed and comes back, what fires comes to equal the truth, and ends with it',
  async part => {
    await untilFiringEqualsTruth(true)
    await chain.parts[part].kill()
    await until(`the loss of ${part} shows`, signs[part], 1000)
    table.push(await observed(part))
    await chain.parts[part].start()
    await untilFiringEqualsTruth(false)
  },
  180_000,
)

test('C4: every time that an organization fired was one alert, and none was said to be over while it was not', async () => {
  await untilFiringEqualsTruth(true)
  const all = await intervals()
  const spikes = heard.filter(({ labels }) => labels['alertname'] === 'DeploymentSpike')
  const early = spikes.filter(
    ({ status, endsAt, labels }) =>
      status === 'resolved' && firingAt(all, Date.parse(endsAt)).includes(labels['organization'] ?? ''),
  )
  expect(early).toEqual([])

  // An alert that was over in between for Prometheus would have begun twice.
  const beginnings = new Map<Interval, Set<string>>()
  for (const { labels, startsAt } of spikes) {
    const interval = all
      .filter(({ organization }) => organization === labels['organization'])
      .findLast(({ firesAtMs }) => firesAtMs <= Date.parse(startsAt))
    if (!interval) throw new Error(`${labels['organization']} fired at ${startsAt}, and had no reason to`)
    beginnings.set(interval, (beginnings.get(interval) ?? new Set()).add(startsAt))
  }
  expect(beginnings.size).toBeGreaterThanOrEqual(parts.length)
  expect([...beginnings.values()].filter(({ size }) => size !== 1)).toEqual([])
}, 180_000)

test('what each loss looks like from outside is what the document says', async () => {
  const file = fileURLToPath(new URL('../../../docs/failure-modes.md', import.meta.url))
  const head =
    '| killed | `up` | `mzalert_view_up` | what fires about it | the alert of the row |\n| --- | --- | --- | --- | --- |'
  const measured = `<!-- measured -->\n\n${head}\n${table.join('\n')}\n\n<!-- end -->`
  const document = readFileSync(file, 'utf8').replace(/<!-- measured -->[\s\S]*<!-- end -->/, () => measured)
  await expect(document).toMatchFileSnapshot(file)
})
