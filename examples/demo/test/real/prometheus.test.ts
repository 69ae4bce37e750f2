import { afterAll, beforeAll, expect, test } from 'vitest'
import { type Chain, startChain } from '../../src/chain.js'
import { type Monitors, startPrometheus } from '../../src/prometheus.js'

interface PrometheusAnswer<T> {
  readonly data: T
}

const heard: string[] = []
let chain: Chain
let monitors: Monitors | undefined

beforeAll(async () => {
  const small = { spikeEveryMs: 600_000, windowMs: 12_000, threshold: 20, seed: 7 }
  chain = await startChain(
    {
      ...small,
      runMs: undefined,
      sqlPort: 0,
      metricsPort: 0,
      prometheus: true,
      direct: false,
      alertmanagerUrl: undefined,
    },
    { onTransition: () => {}, onNotice: () => {} },
  )
  monitors = await startPrometheus(chain.metricsUrl, text => heard.push(text))
})
afterAll(async () => {
  await monitors?.close()
  await chain.close()
})

test('a spike reaches the receiver through a real Prometheus and a real Alertmanager, and so does its end', async () => {
  expect(monitors, 'prometheus and alertmanager must be installed').toBeDefined()
  await until(() => heard.includes('Alertmanager: firing: Organization B deploys more than usual'))
  await until(() => heard.includes('Alertmanager: resolved: Organization B deploys more than usual'))
  const spikes = heard.filter(text => text.includes('Organization')).map(text => text.split(': ')[1])
  expect(spikes).toEqual(['firing', 'resolved'])
}, 120_000)

test('Prometheus finds the exporter up and every sample of it good', async () => {
  const address = monitors?.addresses.find(([name]) => name === 'Prometheus')?.[1] ?? ''
  const ask = async <T>(path: string): Promise<T> =>
    ((await (await fetch(new URL(path, address))).json()) as PrometheusAnswer<T>).data
  const { activeTargets } = await ask<{ activeTargets: { health: string; lastError: string }[] }>(
    '/api/v1/targets',
  )
  expect(activeTargets).toMatchObject([{ health: 'up', lastError: '' }])
  const { result } = await ask<{ result: { value: [number, string] }[] }>(
    '/api/v1/query?query=mzalert_view_up',
  )
  expect(result.map(({ value }) => value[1])).toEqual(['1', '1', '1'])
})

async function until(condition: () => boolean): Promise<void> {
  const deadline = performance.now() + 55_000
  while (!condition()) {
    if (performance.now() > deadline) throw new Error(`never became true; heard: ${heard.join('; ')}`)
    await new Promise(resolve => setTimeout(resolve, 50))
  }
}
