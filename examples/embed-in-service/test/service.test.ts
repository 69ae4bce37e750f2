import { messages, progress, ScriptedServer, update } from '@mzalert/tail-client/testing'
import type { FastifyInstance } from 'fastify'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { service } from '../src/service.js'

let database: ScriptedServer
let app: FastifyInstance
let base: string

beforeEach(async () => {
  database = await ScriptedServer.start({
    columns: [
      { name: 'alert_cond', oid: 25 },
      { name: 'labels', oid: 25 },
    ],
    copy: ({ send }) => {
      send(messages.copyOut(5), update(1000, 1, 'deployment_spike\tB'), progress(1001, 2))
    },
  })
  app = service({
    connection: database.url,
    views: [{ view: 'organization_alert', labels: { alert_cond: 'alert_cond', organization: 'labels' } }],
  })
  base = await app.listen({ host: '127.0.0.1', port: 0 })
})
afterEach(async () => {
  await app.close()
  await database.close()
})

test('the metrics of the service and the rows of the view are one answer, each exactly once', async () => {
  await fetch(`${base}/orders`, { method: 'POST' })
  let text = ''
  while (!text.includes('organization_alert{')) text = await (await fetch(`${base}/metrics`)).text()
  expect(text.match(/^(orders_total|organization_alert)\b.*$/gm)?.toSorted()).toEqual([
    'orders_total 1',
    'organization_alert{alert_cond="deployment_spike",organization="B"} 1',
  ])
  expect((await fetch(`${base}/-/ready`)).status).toBe(200)
  expect(await (await fetch(`${base}/api/alerts`)).json()).toMatchObject({
    views: [{ view: 'organization_alert', alerts: [{ labels: { organization: 'B' } }] }],
  })
})

test('closing the service closes the stream of the database', async () => {
  while ((await fetch(`${base}/-/ready`)).status !== 200) await new Promise(resolve => setImmediate(resolve))
  expect(database.connections).toBeGreaterThan(0)
  await app.close()
  while (database.connections > 0) await new Promise(resolve => setImmediate(resolve))
})
