import { afterAll, beforeAll, expect, test } from 'vitest'
import { type Chain, startChain } from '../src/chain.js'
import { type Direct, startDirect } from '../src/direct.js'

const said: string[] = []
let chain: Chain
let direct: Direct

beforeAll(async () => {
  const small = { spikeEveryMs: 5000, windowMs: 3000, threshold: 20, seed: 7 }
  chain = await startChain(
    {
      ...small,
      runMs: undefined,
      sqlPort: 0,
      metricsPort: 0,
      prometheus: false,
      direct: true,
      alertmanagerUrl: undefined,
    },
    { onTransition: () => {}, onNotice: () => {} },
  )
  direct = await startDirect(chain.sqlUrl, undefined, line => said.push(line))
})
afterAll(async () => {
  await direct?.close()
  await chain?.close()
})

test('S1: a spike reaches a receiver that is shaped like Slack, and so does its end, without Prometheus in between', async () => {
  const ofOrganizations = (): readonly string[] =>
    direct.messages.filter(each => each.includes('Organization'))
  await until(() => ofOrganizations().length >= 4)
  const [fired = '', resolved, next = '', nextResolved] = ofOrganizations()
  expect(fired).toMatch(/^\[FIRING\] Organization [A-D] deploys more than usual$/)
  expect(resolved).toBe(fired.replace('FIRING', 'RESOLVED'))
  expect(nextResolved).toBe(next.replace('FIRING', 'RESOLVED'))
  expect(said).toContain(`Slack: ${fired}`)
})

test('a browser that looks at the receiver, or whoever posts no alert, is told so, and the demonstration goes on', async () => {
  const [, address = ''] = /(http:\S+)/.exec(direct.addresses[0]?.[1] ?? '') ?? []
  for (const init of [{}, { method: 'POST', body: 'no JSON' }, { method: 'POST', body: '{}' }])
    expect((await fetch(address, init)).status).toBe(400)
  const before = direct.messages.length
  await until(() => direct.messages.length > before)
})

async function until(condition: () => boolean): Promise<void> {
  const deadline = performance.now() + 25_000
  while (!condition()) {
    if (performance.now() > deadline) throw new Error(`only: ${direct.messages.join('; ')}`)
    await new Promise(resolve => setTimeout(resolve, 20))
  }
}
