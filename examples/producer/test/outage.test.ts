import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { events, scenarios, virtualClock } from '@mzalert/faker-events'
import { afterEach, expect, test } from 'vitest'
import { type Fault, tableServer } from '../../../packages/faker-events/test/support/table-server.js'
import { producer } from '../src/producer.js'

const ends: (() => unknown)[] = []
afterEach(async () => {
  for (const end of ends.splice(0).reverse()) await end()
})

/** A server that can be away for those who load events, not for those who bring the customers. */
async function database(isAway: () => boolean) {
  const server = await tableServer((statement): Fault | undefined =>
    statement.startsWith('COPY "deployments"') && isAway() ? 'cut' : undefined,
  )
  ends.push(server.close)
  return server
}

test('E4: a destination that is away for ten minutes gets every event when it is back', async () => {
  const from = 1_700_000_000_000
  const clock = virtualClock(from)
  const isAway = (): boolean => clock.nowMs() > from + 30_000 && clock.nowMs() < from + 630_000
  const server = await database(isAway)
  const range = { from, to: from + 900_000 }
  const stats = await producer({ sink: 'postgres', databaseUrl: server.url, ...range }, { clock })
  const expected = [...events(scenarios.deployments(), range)].map(({ value }) => JSON.stringify(value))
  expect((server.tables.get('"deployments"') ?? []).map(([text]) => text)).toEqual(expected)
  expect(stats.retries).toBeGreaterThan(60)
  expect(stats.late).toBeGreaterThan(500)
})

test('while the destination is away it is not ready, counts its attempts, and when it is told to stop says what has not arrived', async () => {
  let isAway = false
  const server = await database(() => isAway)
  const main = fileURLToPath(new URL('../dist/main.js', import.meta.url))
  const env = { SINK: 'postgres', DATABASE_URL: server.url, PORT: '0', EVENTS_PER_SECOND: '100' }
  const child = spawn(process.execPath, [main], { env, stdio: ['ignore', 'inherit', 'pipe'] })
  ends.push(() => child.kill('SIGKILL'))
  let err = ''
  child.stderr.on('data', chunk => {
    err += chunk
  })
  const ended = once(child, 'close')
  const ask = async (path: string): Promise<readonly [number, string]> => {
    const response = await fetch(new URL(path, /health and metrics at (\S+)/.exec(err)?.[1]))
    return [response.status, await response.text()]
  }
  await until(() => err.includes('health and metrics at '))
  await until(async () => (await ask('/-/ready'))[0] === 200)
  isAway = true
  await until(async () => (await ask('/-/ready'))[0] === 503)
  expect((await ask('/-/ready'))[1]).toMatch(/^attempt \d+ in \d+ ms: .*\n$/)
  expect((await ask('/-/healthy'))[0]).toBe(200)
  expect((await ask('/metrics'))[1]).toMatch(/^mzalert_producer_retries_total [1-9]/m)
  isAway = false
  await until(async () => (await ask('/-/ready'))[0] === 200)
  isAway = true
  await until(async () => (await ask('/-/ready'))[0] === 503)
  child.kill('SIGTERM')
  expect((await ended)[0]).toBe(1)
  expect(err).toMatch(/\[SINK_FAILED\] Tried \d+ times to send \d+ events from \w+ \d+ on; .*\n$/)
})

async function until(condition: () => Promise<boolean> | boolean): Promise<void> {
  const deadline = performance.now() + 25_000
  while (!(await condition())) {
    if (performance.now() > deadline) throw new Error('never became true')
    await new Promise(resolve => setTimeout(resolve, 20))
  }
}
