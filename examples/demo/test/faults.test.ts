import { exporter } from '@mzalert/example-exporter'
import { startEngine } from '@mzalert/local-engine'
import { models } from '@mzalert/stack'
import { FaultProxy } from '@mzalert/tail-client/testing'
import { afterAll, beforeAll, expect, test } from 'vitest'

type Running<T extends (...args: never[]) => unknown> = Awaited<ReturnType<T>>

/** Long enough that nothing leaves the window while the test runs. */
const windowMs = 3_600_000
const threshold = 2

let engine: Running<typeof startEngine>
let proxy: FaultProxy
let exported: Running<typeof exporter>

beforeAll(async () => {
  engine = await startEngine()
  for (const { sql } of models('local', { windowMs, threshold })) await engine.execute(sql)
  await deploy('A', 3)
  proxy = await FaultProxy.start({ port: engine.port })
  exported = await exporter({ connection: proxy.url, port: 0 })
  await exported.bridge.ready
})
afterAll(async () => {
  await exported.close()
  await proxy.close()
  await engine.close()
})

test('B2: an alert goes on firing while the database cannot be reached, and nothing else begins', async () => {
  await until(async () => (await firing()).join() === 'A')
  proxy.refuse()
  await until(async () => (await metrics()).includes('mzalert_view_up{view="organization_alert"} 0'))
  await deploy('B', 3)
  expect(await firing()).toEqual(['A'])
  expect((await fetch(`${exported.url}/-/ready`)).status).toBe(200)
})

test('T3: once it can be reached again, what was missed is there, and what had not changed was never gone', async () => {
  await engine.execute(`DELETE FROM deployments WHERE data->>'organization' = 'A'`)
  await deploy('C', 3)
  const seen = new Set<string>()
  proxy.restore()
  await until(async () => {
    const now = (await firing()).join()
    seen.add(now)
    return now === 'B,C'
  })
  // The old contents, then the new: the views in between never showed.
  expect([...seen]).toEqual(expect.arrayContaining(['B,C']))
  expect([...seen].filter(each => each !== 'A' && each !== 'B,C')).toEqual([])
  expect(await metrics()).toContain('mzalert_view_up{view="organization_alert"} 1')
})

async function deploy(organization: string, count: number): Promise<void> {
  const rows = Array.from({ length: count }, (_, id) => {
    const event = {
      customer_id: id,
      customer_name: 'x',
      deployment_type: 'cloud',
      event_type: 'deployment_created',
      organization,
    }
    return `('${JSON.stringify({ ...event, event_ts: Math.floor(Date.now() / 1000) - 1 })}')`
  })
  await engine.execute(`INSERT INTO deployments VALUES ${rows.join(', ')}`)
}

async function firing(): Promise<readonly string[]> {
  return [...(await metrics()).matchAll(/^organization_alert\{.*organization="(\w+)"\} 1$/gm)]
    .map(([, name]) => name ?? '')
    .sort()
}

async function metrics(): Promise<string> {
  return (await fetch(`${exported.url}/metrics`)).text()
}

async function until(condition: () => Promise<boolean>): Promise<void> {
  const deadline = performance.now() + 25_000
  while (!(await condition())) {
    if (performance.now() > deadline) throw new Error(`never became true; firing: ${await firing()}`)
    await new Promise(resolve => setTimeout(resolve, 10))
  }
}
