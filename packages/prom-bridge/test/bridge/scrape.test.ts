import { once } from 'node:events'
import { createServer, type IncomingMessage, request, type Server } from 'node:http'
import { type AddressInfo, connect } from 'node:net'
import { Registry as PlatformaticRegistry } from '@platformatic/prom-client'
import { Registry as PrometheusRegistry } from '@prometheus-io/client'
import { Counter, Registry } from 'prom-client'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { type Bridge, bridge } from '../../src/bridge/bridge.js'
import type { BridgeOptions } from '../../src/types.js'
import { parseExposition, samplesOf } from '../support/parse.js'
import { alert, alertLabels, batch, TestSource, until, update } from '../support/source.js'

let source: TestSource
let made: Bridge
let server: Server
let url: string

async function start(more: Partial<BridgeOptions> = {}): Promise<void> {
  made = bridge({ views: [{ view: 'organization_alert', labels: alertLabels, source }], ...more })
  server = createServer(made.handler)
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
}

beforeEach(() => {
  source = new TestSource()
})
afterEach(async () => {
  await made.close()
  server.closeAllConnections()
  await new Promise(resolve => server.close(resolve))
})

test('B21: a scrape is OpenMetrics for those who would rather have it', async () => {
  await start({ views: [{ view: 'v', help: 'A "quote".', labels: alertLabels, source }] })
  await source.snapshot([alert('a"b\n')])
  const accept =
    'application/openmetrics-text;version=1.0.0;q=0.5,application/openmetrics-text;version=0.0.1;q=0.4,text/plain;version=0.0.4;q=0.3,*/*;q=0.2'
  const response = await fetch(`${url}/metrics`, { headers: { accept } })
  expect(response.headers.get('content-type')).toBe(
    'application/openmetrics-text; version=1.0.0; charset=utf-8',
  )
  expect(response.headers.get('vary')).toBe('accept, accept-encoding')
  const text = await response.text()
  expect(text).toContain('# HELP v A \\"quote\\".\n# TYPE v gauge\n')
  expect(text).toContain('v{alert_cond="deployment_spike",organization="a\\"b\\n"} 1\n')
  expect(text).toContain('# TYPE mzalert_batches counter\nmzalert_batches_total{view="v"} 1\n')
  expect(text.endsWith('\n# EOF\n')).toBe(true)
  const lines = text.split('\n')
  expect(lines.filter(line => line === '# EOF')).toHaveLength(1)
})

test('a scrape is text where a registry has a part in it, whatever is asked for', async () => {
  await start({ registry: new Registry() })
  const accept = 'application/openmetrics-text'
  const response = await fetch(`${url}/metrics`, { headers: { accept } })
  expect(response.headers.get('content-type')).toBe('text/plain; version=0.0.4; charset=utf-8')
  expect(parseExposition(await response.text()).has('mzalert_view_up')).toBe(true)
})

test('B21: a scrape is compressed for those who take it, and after a batch only what changed is compressed again', async () => {
  await start()
  const rows = Array.from({ length: 3000 }, (_, index) => alert(`${index}`))
  await source.snapshot(rows)
  const get = async (encoding: string): Promise<Response> =>
    fetch(`${url}/metrics`, { headers: { 'accept-encoding': encoding } })
  const plain = await get('identity')
  expect(plain.headers.get('content-encoding')).toBeNull()
  const size = Number(plain.headers.get('content-length'))
  for (const wanted of [rows.length, rows.length + 1]) {
    const response = await get('gzip')
    expect(response.headers.get('content-encoding')).toBe('gzip')
    expect(Number(response.headers.get('content-length'))).toBeLessThan(size / 5)
    expect(parseExposition(await response.text()).get('organization_alert')?.samples).toHaveLength(wanted)
    await source.changes(update(alert(`new ${wanted}`)))
  }
  expect((await get('gzip;q=0, identity')).headers.get('content-encoding')).toBeNull()
})

test('B21: a scrape has only the views, or only the metrics, that are asked for', async () => {
  const other = new TestSource()
  const registry = new Registry()
  new Counter({ name: 'host_total', help: 'Theirs.', registers: [registry] }).inc()
  await start({
    registry,
    views: [
      { view: 'a b', labels: alertLabels, source },
      { view: 'other', labels: alertLabels, source: other },
    ],
  })
  await source.snapshot([alert('A')])
  await other.snapshot([alert('B')])
  const get = async (query: string): Promise<string> => (await fetch(`${url}/metrics?${query}`)).text()
  const one = parseExposition(await get('view=a%20b'))
  expect(one.has('a_b')).toBe(true)
  expect(one.has('other')).toBe(false)
  expect(one.has('host_total')).toBe(false)
  expect(one.get('mzalert_view_up')?.samples.map(({ labels }) => labels)).toEqual([{ view: 'a b' }])
  const named = parseExposition(await get('name[]=other&name%5B%5D=host_total&name[]=nothing'))
  expect([...named.keys()]).toEqual(['other', 'host_total'])
  const unknown = await fetch(`${url}/metrics?view=a+b&view=nobody`)
  expect(unknown.status).toBe(404)
  expect(await unknown.text()).toBe('The views are:\na b\nother\n')
})

test('B30: a scrape fails while a view is disconnected, if so wished, and says which one', async () => {
  const other = new TestSource()
  const views = [
    { view: 'organization_alert', labels: alertLabels, source, onDisconnect: 'fail-scrape' as const },
    { view: 'other', labels: alertLabels, source: other },
  ]
  await start({ views })
  source.status = { phase: 'connecting', reconnects: 0 }
  expect((await fetch(`${url}/metrics`)).status).toBe(200)
  source.status = { phase: 'live', reconnects: 0 }
  await source.snapshot([alert('A')])
  expect((await fetch(`${url}/metrics`)).status).toBe(200)
  source.status = { phase: 'waiting', reconnects: 1 }
  const response = await fetch(`${url}/metrics`)
  expect(response.status).toBe(503)
  expect(await response.text()).toBe('organization_alert: stale\n')
  expect(made.metrics()).not.toContain('organization_alert{a')
  source.status = { phase: 'live', reconnects: 1 }
  expect((await fetch(`${url}/metrics`)).status).toBe(503)
  await source.push(batch('progress'))
  expect(await (await fetch(`${url}/metrics`)).text()).toContain('organization_alert{a')
})

test('what does not concern a view that is disconnected is answered, also if it fails scrapes', async () => {
  const other = new TestSource()
  await start({
    views: [
      { view: 'one', labels: alertLabels, source, onDisconnect: 'fail-scrape' },
      { view: 'two', labels: alertLabels, source: other },
    ],
  })
  source.status = { phase: 'live', reconnects: 0 }
  await source.snapshot([alert('A')])
  await other.snapshot([alert('B')])
  source.status = { phase: 'waiting', reconnects: 0 }
  const status = async (query: string): Promise<number> => (await fetch(`${url}/metrics?${query}`)).status
  expect(await status('name[]=two')).toBe(200)
  expect(await status('name[]=mzalert_view_up')).toBe(200)
  expect(await status('view=two')).toBe(200)
  expect(await status('name[]=one&name[]=two')).toBe(503)
  expect(await status('view=one')).toBe(503)
})

test.each([
  ['prom-client', () => new Registry()],
  ['@prometheus-io/client', () => new PrometheusRegistry() as unknown as Registry],
  ['@platformatic/prom-client', () => new PlatformaticRegistry() as unknown as Registry],
])(
  'B24: a scrape has the labels of the registry (%s) on every series, as it would have them',
  async (_name, make) => {
    const registry = make()
    registry.setDefaultLabels({ region: 'eu "west"', organization: 'nobody' })
    await start({ registry })
    await source.snapshot([alert('A'), alert(null), alert(',region="'), alert('B', 'x,region=')])
    const ours = parseExposition(await (await fetch(`${url}/metrics`)).text())
    const theirs = parseExposition(await registry.metrics())
    const seriesOf = (families: typeof ours, name: string): readonly string[] =>
      (families.get(name)?.samples ?? [])
        .map(({ labels }) => JSON.stringify(Object.entries(labels).sort()))
        .sort()
    expect([...ours.keys()].sort()).toEqual([...theirs.keys()].filter(name => ours.has(name)).sort())
    for (const name of ours.keys()) expect(seriesOf(ours, name)).toEqual(seriesOf(theirs, name))
    expect(seriesOf(ours, 'organization_alert').join()).toContain('nobody')
    const one = await (await fetch(`${url}/metrics?view=organization_alert`)).text()
    expect(seriesOf(parseExposition(one), 'organization_alert')).toEqual(seriesOf(ours, 'organization_alert'))
    // The registry may say something else at any time.
    registry.setDefaultLabels({})
    const without = await (await fetch(`${url}/metrics`)).text()
    expect(samplesOf(without, 'organization_alert')).toMatchObject({
      '{"alert_cond":"deployment_spike","organization":"A"}': 1,
    })
  },
)

test('B23: a metric of the host that never answers is left out and reported, in half of the time that the scraper has', async () => {
  const registry = new Registry()
  const reported: unknown[] = []
  new Counter({
    name: 'hangs_total',
    help: 'Theirs.',
    registers: [registry],
    collect: () => new Promise<void>(() => {}),
  })
  await start({ registry, onEvent: event => reported.push(event) })
  await source.snapshot([alert('A')])
  const headers = { 'x-prometheus-scrape-timeout-seconds': '0.2' }
  const text = await (await fetch(`${url}/metrics`, { headers })).text()
  expect(parseExposition(text).get('organization_alert')?.samples).toHaveLength(1)
  expect(reported).toContainEqual(expect.objectContaining({ type: 'scrape-failed', metric: 'hangs_total' }))
})

test('B20: a scraper may take its time where none is set', async () => {
  const warned = vi.spyOn(process, 'emitWarning')
  await start({ stalledMs: Number.POSITIVE_INFINITY })
  await source.snapshot(Array.from({ length: 3000 }, (_, index) => alert(`${index}`.padEnd(5000, 'x'))))
  const slow = await new Promise<IncomingMessage>(resolve => request(`${url}/metrics`, resolve).end())
  slow.pause()
  await source.changes(...Array.from({ length: 5000 }, (_, index) => update(alert(`new ${index}`))))
  let length = 0
  slow.on('data', (chunk: Buffer) => {
    length += chunk.byteLength
  })
  await once(slow.resume(), 'end')
  expect(length).toBe(Number(slow.headers['content-length']))
  expect(warned).not.toHaveBeenCalled()
})

test('B20: a scraper that takes nothing is cut off after a while, and its place is free', async () => {
  await start({ stalledMs: 50 })
  server.maxConnections = 1
  await source.snapshot(Array.from({ length: 3000 }, (_, index) => alert(`${index}`.padEnd(5000, 'x'))))
  const socket = connect(Number(new URL(url).port), '127.0.0.1')
  socket.on('error', () => {}).pause()
  socket.write('GET /metrics HTTP/1.1\r\nhost: x\r\n\r\n')
  const connections = (): Promise<number> =>
    new Promise((resolve, reject) =>
      server.getConnections((error, count) => (error ? reject(error) : resolve(count))),
    )
  await until(async () => (await connections()) === 1)
  await until(async () => (await connections()) === 0)
  expect((await fetch(`${url}/-/healthy`)).status).toBe(200)
  socket.destroy()
})
