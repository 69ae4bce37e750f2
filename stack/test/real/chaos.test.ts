import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, expect, test } from 'vitest'
import {
  activeAlerts,
  type Chain,
  firingAt,
  type Interval,
  query,
  startChain,
  truth,
  until,
} from '../../src/chain/index.js'
import { readTopic } from '../../src/kafka.js'
import type { Alert } from '../../src/webhook/notification.js'

const settings = { windowMs: 12_000, threshold: 25 }
const heard: Alert[] = []
/** The table of the document: what each loss looks like from outside, cell by cell. */
const documented = new Map(
  [
    ...readFileSync(
      fileURLToPath(new URL('../../../docs/failure-modes.md', import.meta.url)),
      'utf8',
    ).matchAll(/^\| (\w+) \| (.+) \|$/gm),
  ].map(([, part = '', cells = '']) => [part, cells.split(' | ')] as const),
)
let chain: Chain

beforeAll(async () => {
  chain = await startChain({
    ...settings,
    story: { SEED: '5', FIRST_SPIKE_MS: '5000', SPIKE_EVERY_MS: '25000' },
    scale: { scrapeSeconds: 1, keepFiringSeconds: 8, forSeconds: 2, resendSeconds: 2, lookbackSeconds: 10 },
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

type Killed = 'producer' | 'kafka' | 'materialize' | 'exporter' | 'alertmanager' | 'prometheus'

/** By which one sees, from outside, that a part is gone. The alerts about it come later than a rule without keep_firing_for would resolve. */
const signs: Readonly<Record<Killed, () => Promise<boolean>>> = {
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

/** What the monitors say now: the cells of a line of the table. */
async function observed(): Promise<readonly string[]> {
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
  return [await asked('up{job="event_exporter"}'), await asked('min(mzalert_view_up)'), about, spike]
}

/** An alert that fires about a loss may be a scrape later than another sign of it: what is seen comes to be what the document says. */
async function untilDocumented(part: Killed): Promise<void> {
  let last: readonly string[] = []
  await until(`what is seen of the loss of ${part} is as in docs/failure-modes.md`, async () => {
    last = await observed()
    return last.join() === documented.get(part)?.join()
  }).catch(error => {
    throw new Error(`${error.message}\nseen:       ${last}\ndocumented: ${documented.get(part)}`)
  })
}

const parts = Object.keys(signs) as Killed[]

test.each(parts)(
  'C4: when %s is killed and comes back, what fires comes to equal the truth, and ends with it',
  async part => {
    await untilFiringEqualsTruth(true)
    await chain.parts[part].kill()
    await until(`the loss of ${part} shows`, signs[part], 1000)
    await untilDocumented(part)
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

test('C4: an exporter that is away for longer than keep_firing_for: alerts end that nobody ended, it is said, and they come back', async () => {
  await untilFiringEqualsTruth(true)
  await chain.parts.exporter.kill()
  await until('the alert of the row ended', async () => (await firing()).length === 0)
  expect(await fires('MzAlertExporterDown')).toBe(true)
  await chain.parts.exporter.start()
  await untilFiringEqualsTruth(true)
  await until('the exporter is not said to be down', async () => !(await fires('MzAlertExporterDown')))
}, 180_000)

test('every line of the table in the document is of a part that was killed', () => {
  expect([...documented.keys()].filter(name => name !== 'killed')).toEqual(parts)
})
