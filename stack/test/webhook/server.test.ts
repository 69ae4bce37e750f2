import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import { afterEach, expect, test } from 'vitest'
import type { Notification } from '../../src/webhook/notification.js'
import { receiver } from '../../src/webhook/server.js'

const heard: Notification[] = []
const server = receiver({ onNotification: notification => heard.push(notification), now: () => 0 })
afterEach(() => {
  server.close()
})

test('a notification is shown as a line for each alert, and what is none is refused', async () => {
  await once(server.listen(0, '127.0.0.1'), 'listening')
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`
  const post = (body: string): Promise<Response> => fetch(url, { method: 'POST', body })
  const alert = { status: 'firing', labels: { alertname: 'DeploymentSpike' }, startsAt: 'noon' }
  const good = { receiver: 'webhook', alerts: [{ ...alert, annotations: { summary: 'B deploys' } }] }

  expect(await (await fetch(url)).text()).toBe('no notification yet\n')
  expect((await post(JSON.stringify(good))).status).toBe(200)
  expect(heard).toEqual([good])
  for (const bad of ['no json', '{}', '{"alerts":[{}]}']) expect((await post(bad)).status).toBe(400)
  expect(await (await fetch(url)).text()).toBe(
    '1970-01-01T00:00:00.000Z webhook firing: DeploymentSpike: B deploys since noon\n',
  )
  expect((await fetch(new URL('/-/ready', url))).status).toBe(200)
})
