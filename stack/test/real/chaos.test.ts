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

const settings = { windowMs: 10_000, threshold: 25 }
const heard: Alert[] = []
let chain: Chain

beforeAll(async () => {
  chain = await startChain({
    ...settings,
    story: { SEED: '5', FIRST_SPIKE_MS: '5000', SPIKE_EVERY_MS: '25000' },
    scale: { scrapeSeconds: 1, keepFiringSeconds: 6, forSeconds: 2 },
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

/** By which one sees, from outside, that a part is gone. */
const signs: Readonly<Record<Part, () => Promise<boolean>>> = {
  producer: async () => (await value('changes(dim_deployments[2s])')) !== undefined,
  kafka: () =>
    readTopic(chain.kafka.address, 'deployments').then(
      () => false,
      () => true,
    ),
  materialize: async () => (await value('max(mzalert_view_up)')) === 0,
  exporter: async () => (await value('up{job="event_exporter"}')) === 0,
  prometheus: () => isRefused(chain.urls.prometheus),
  alertmanager: () => isRefused(chain.urls.alertmanager),
}

test.each(Object.keys(signs) as Part[])(
  'when %s is killed and comes back, what fires comes to equal the truth, and ends with it',
  async part => {
    await untilFiringEqualsTruth(true)
    await chain.parts[part].kill()
    await until(`the loss of ${part} shows`, signs[part])
    await chain.parts[part].start()
    await untilFiringEqualsTruth(false)
  },
  180_000,
)

test('no alert was said to be over while it was not', async () => {
  await untilFiringEqualsTruth(true)
  const all = await intervals()
  const resolved = heard.filter(
    ({ status, labels }) => status === 'resolved' && labels['alertname'] === 'DeploymentSpike',
  )
  expect(resolved.length).toBeGreaterThanOrEqual(Object.keys(signs).length - 1)
  const early = resolved.filter(({ endsAt, labels }) =>
    firingAt(all, Date.parse(endsAt)).includes(labels['organization'] ?? ''),
  )
  expect(early).toEqual([])
}, 180_000)
