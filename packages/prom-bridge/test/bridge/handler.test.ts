import { createServer, type IncomingMessage, type RequestListener, request, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { Counter, Registry } from 'prom-client'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { type Bridge, bridge } from '../../src/bridge/bridge.js'
import type { BridgeEvent, BridgeOptions } from '../../src/types.js'
import { parseExposition, samplesOf } from '../support/parse.js'
import { alert, alertLabels, TestSource, update } from '../support/source.js'

let source: TestSource
let events: BridgeEvent[]
let made: Bridge
let server: Server
let url: string

async function serve(listener: RequestListener): Promise<void> {
  server = createServer(listener)
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
}

async function start(more: Partial<BridgeOptions> = {}): Promise<void> {
  made = bridge({
    views: [{ view: 'organization_alert', labels: alertLabels, source }],
    onEvent: event => events.push(event),
    ...more,
  })
  await serve(made.handler)
}

beforeEach(() => {
  source = new TestSource()
  events = []
})
afterEach(async () => {
  await made.close()
  server.closeAllConnections()
  await new Promise(resolve => server.close(resolve))
})

/** Reads server-sent events until one satisfies; rejects if the stream ends before. */
async function eventOf(
  reader: AsyncIterator<string>,
  wanted: (name: string, data: Record<string, unknown>) => boolean,
): Promise<Record<string, unknown>> {
  for (let step = await reader.next(); !step.done; step = await reader.next()) {
    const name = /^event: (.*)$/m.exec(step.value)?.[1]
    const data = /^data: (.*)$/m.exec(step.value)?.[1]
    if (name === undefined || data === undefined) continue
    const parsed = JSON.parse(data) as Record<string, unknown>
    if (wanted(name, parsed)) return parsed
  }
  throw new Error('the stream ended')
}

async function* eventsOf(response: Response): AsyncGenerator<string> {
  let text = ''
  const decoder = new TextDecoder()
  for await (const chunk of response.body ?? []) {
    text += decoder.decode(chunk as Uint8Array, { stream: true })
    const parts = text.split('\n\n')
    text = parts.pop() ?? ''
    yield* parts
  }
}

describe('/metrics', () => {
  test('is what Prometheus 3 takes: the type by its full name, and the length', async () => {
    await start()
    await source.snapshot([alert('A')])
    const response = await fetch(`${url}/metrics`, { headers: { 'accept-encoding': 'identity' } })
    const text = await response.text()
    expect(response.status).toBe(200)
    expect(response.headers.get('content-type')).toBe('text/plain; version=0.0.4; charset=utf-8')
    expect(Number(response.headers.get('content-length'))).toBe(Buffer.byteLength(text))
    expect(samplesOf(text, 'organization_alert')).toEqual({
      '{"alert_cond":"deployment_spike","organization":"A"}': 1,
    })
    expect(samplesOf(text, 'mzalert_view_rows')).toEqual({ '{"view":"organization_alert"}': 1 })
  })

  test('B24: has everything of a registry that was given, and ours, exactly once', async () => {
    const registry = new Registry()
    new Counter({ name: 'host_total', help: 'Theirs.', registers: [registry] }).inc()
    await start({ registry })
    await source.snapshot([alert('A')])
    // The size of an exposition is told by the one after it.
    await (await fetch(`${url}/metrics`)).text()
    const families = parseExposition(await (await fetch(`${url}/metrics`)).text())
    const all = registry.getMetricsAsArray().map(({ name }) => name)
    expect([...families.keys()].toSorted()).toEqual(all.toSorted())
    expect(families.get('organization_alert')?.samples).toHaveLength(1)
  })

  test('B23: has ours also when the host cleared its registry, or another metric throws, which is reported', async () => {
    const registry = new Registry()
    await start({ registry })
    await source.snapshot([alert('A')])
    registry.clear()
    const error = new Error('no disk')
    new Counter({
      name: 'broken_total',
      help: 'Theirs.',
      registers: [registry],
      collect: () => {
        throw error
      },
    })
    new Counter({ name: 'sound_total', help: 'Theirs.', registers: [registry] })
    const response = await fetch(`${url}/metrics`)
    const families = parseExposition(await response.text())
    expect(response.status).toBe(200)
    expect(families.has('sound_total')).toBe(true)
    expect(families.has('broken_total')).toBe(false)
    expect(families.get('organization_alert')?.samples).toHaveLength(1)
    expect(events).toContainEqual({ type: 'scrape-failed', metric: 'broken_total', error })
  })

  test('of a registry that speaks OpenMetrics is OpenMetrics as a whole', async () => {
    const registry = new Registry<'application/openmetrics-text; version=1.0.0; charset=utf-8'>()
    registry.setContentType('application/openmetrics-text; version=1.0.0; charset=utf-8')
    await start({ registry })
    await source.snapshot([alert('A')])
    const response = await fetch(`${url}/metrics`)
    expect(response.headers.get('content-type')).toContain('application/openmetrics-text')
    expect((await response.text()).match(/^organization_alert\{/gm)).toHaveLength(1)
    const chosen = await fetch(`${url}/metrics?name[]=organization_alert&name[]=mzalert_batches_total`)
    expect((await chosen.text()).match(/^# EOF$|^[a-z].*/gm)).toEqual([
      expect.stringMatching(/^mzalert_batches_total\{|^organization_alert\{/),
      expect.stringMatching(/^mzalert_batches_total\{|^organization_alert\{/),
      '# EOF',
    ])
  })

  test('B1: a slow scrape finishes with what it began with', async () => {
    await start({
      views: [{ view: 'big', labels: { text: 'text' }, value: { column: 'generation' }, source }],
    })
    const row = (index: number, generation: number): Record<string, unknown> => ({
      text: `${index} ${'x'.repeat(2000)}`,
      generation,
    })
    const indexes = Array.from({ length: 15_000 }, (_, index) => index)
    await source.snapshot(indexes.map(index => row(index, 1)))
    const warnings: Error[] = []
    const warn = (warning: Error): void => void warnings.push(warning)
    process.on('warning', warn)
    const response = await fetch(`${url}/metrics`, { headers: { 'accept-encoding': 'identity' } })
    await source.changes(...indexes.flatMap(index => [update(row(index, 1), -1), update(row(index, 2))]))
    const valuesOf = (text: string): ReadonlySet<number> =>
      new Set(
        parseExposition(text)
          .get('big')
          ?.samples.map(({ value }) => value),
      )
    expect(valuesOf(await response.text())).toEqual(new Set([1]))
    expect(valuesOf(await (await fetch(`${url}/metrics`)).text())).toEqual(new Set([2]))
    process.off('warning', warn)
    expect(warnings).toEqual([])
  })

  test('B19: two scrapes at once are the same bytes, and so is a third while nothing changes', async () => {
    await start({ now: () => 2000 })
    await source.snapshot(Array.from({ length: 3000 }, (_, index) => alert(`${index}`)))
    const rows = async (): Promise<string> => (await fetch(`${url}/metrics?name[]=organization_alert`)).text()
    const [first, second] = await Promise.all([rows(), rows()])
    expect(first).toBe(second)
    expect(await rows()).toBe(first)
  })

  test('B20: a reader that is slow costs what is sent, and not once more for each batch', async () => {
    await start({ views: [{ view: 'big', labels: { text: 'text' }, source }] })
    const row = (index: number): Record<string, unknown> => ({ text: `${index} ${'x'.repeat(2000)}` })
    await source.snapshot(Array.from({ length: 5000 }, (_, index) => row(index)))
    const slow = await new Promise<IncomingMessage>(resolve => request(`${url}/metrics`, resolve).end())
    slow.pause()
    for (let batchNumber = 0; batchNumber < 20; batchNumber++)
      await source.changes(update(row(batchNumber), -1), update(row(10_000 + batchNumber)))
    const chunks: Buffer[] = []
    slow.on('data', (chunk: Buffer) => chunks.push(chunk)).resume()
    await new Promise(resolve => slow.on('end', resolve))
    expect(Object.keys(samplesOf(Buffer.concat(chunks).toString(), 'big') ?? {})).toHaveLength(5000)
  })

  test('B20: a scraper that hangs up in the middle harms nobody', async () => {
    await start({ views: [{ view: 'big', labels: { text: 'text' }, source }] })
    await source.snapshot(
      Array.from({ length: 5000 }, (_, index) => ({ text: `${index} ${'x'.repeat(2000)}` })),
    )
    await new Promise<void>((resolve, reject) => {
      const asking = request(`${url}/metrics`, response => {
        response.once('data', () => {
          response.destroy()
          resolve()
        })
      })
      asking.on('error', reject).end()
    })
    expect(parseExposition(await (await fetch(`${url}/metrics`)).text()).get('big')?.samples).toHaveLength(
      5000,
    )
    expect(events.filter(({ type }) => type === 'scrape-failed')).toEqual([])
  })
})

describe('health', () => {
  test('B12: it is healthy while it runs, and ready from the first snapshot of every view on', async () => {
    await start()
    expect((await fetch(`${url}/-/healthy`)).status).toBe(200)
    const waiting = await fetch(`${url}/-/ready`)
    expect(waiting.status).toBe(503)
    expect(await waiting.text()).toBe('organization_alert: waiting for the first snapshot\n')
    await source.snapshot([])
    expect((await fetch(`${url}/-/ready`)).status).toBe(200)
  })

  test('B12: a view that failed before its snapshot says why it will never be ready', async () => {
    await start()
    source.fail(new Error('permission denied.'))
    await made.ready.catch(() => {})
    expect(await (await fetch(`${url}/-/ready`)).text()).toContain('organization_alert: [STREAM_FAILED]')
  })

  test('a closed bridge says so', async () => {
    await start()
    await made.close()
    for (const path of ['/', '/metrics', '/events', '/-/healthy', '/-/ready'])
      expect((await fetch(url + path)).status, path).toBe(503)
  })
})

describe('requests', () => {
  test('B21: HEAD has the headers of GET and no body', async () => {
    await start()
    for (const path of ['/', '/metrics', '/-/healthy']) {
      const response = await fetch(url + path, { method: 'HEAD' })
      expect(response.status, path).toBe(200)
      expect(Number(response.headers.get('content-length')), path).toBeGreaterThan(0)
      expect(await response.text(), path).toBe('')
    }
    expect((await fetch(`${url}/events`, { method: 'HEAD' })).headers.get('content-type')).toContain(
      'event-stream',
    )
  })

  test('B21: other methods are refused with those that there are', async () => {
    await start()
    for (const path of ['/', '/metrics', '/events', '/-/ready']) {
      const response = await fetch(url + path, { method: 'POST' })
      expect(response.status, path).toBe(405)
      expect(response.headers.get('allow'), path).toBe('GET, HEAD')
    }
  })

  test('B21: unknown paths are not found, whatever they are called', async () => {
    await start()
    for (const path of ['/nope', '/metrics/', '/constructor', '/__proto__', '/%', '//'])
      expect((await fetch(url + path)).status, path).toBe(404)
    expect((await fetch(`${url}/-/healthy?probe=1`)).status).toBe(200)
  })

  test('mounted in a framework, what is not ours is left to it, and the page is at a path that ends with a slash', async () => {
    await start()
    await new Promise(resolve => server.close(resolve))
    await serve((incoming, response) => {
      // As Express mounts: the prefix goes from url and stays in originalUrl.
      const originalUrl = incoming.url ?? ''
      Object.assign(incoming, { originalUrl, url: originalUrl.replace(/^\/alerts/, '') || '/' })
      made.handler(incoming, response, () => response.writeHead(418).end())
    })
    expect((await fetch(`${url}/alerts/elsewhere`)).status).toBe(418)
    expect((await fetch(`${url}/alerts/metrics`)).status).toBe(200)
    const page = await fetch(`${url}/alerts?x=1`)
    expect(page.status).toBe(200)
    expect(page.url).toBe(`${url}/alerts/?x=1`)
  })
})

describe('the page', () => {
  test('says what fires, without its script, and lets nothing but its own script run', async () => {
    await start()
    await source.snapshot([alert('<img src=x onerror=alert(1)>')])
    const response = await fetch(url)
    const html = await response.text()
    expect(response.headers.get('content-type')).toBe('text/html; charset=utf-8')
    expect(response.headers.get('content-security-policy')).toMatch(
      /default-src 'none'; script-src 'sha256-[^']+'; style-src 'sha256-[^']+'; connect-src 'self'/,
    )
    expect(html).toContain('1 alert firing')
    expect(html).toContain('&lt;img src=x onerror=alert(1)&gt;')
    expect(html).not.toContain('<img')
    expect(html).not.toMatch(/\b(src|href)="(https?:)?\/\//)
  })

  test('is kept current while it is open: an alert that fires and resolves is sent as it happens', async () => {
    await start()
    await source.snapshot([alert('A')])
    const response = await fetch(`${url}/events`)
    expect(response.headers.get('content-type')).toBe('text/event-stream; charset=utf-8')
    const reader = eventsOf(response)
    const first = await eventOf(reader, name => name === 'view')
    expect(first).toMatchObject({ index: 0, say: '' })
    expect(first['html']).toContain('>A<')
    await source.changes(update(alert('B')))
    const fired = await eventOf(reader, name => name === 'view')
    expect(fired['say']).toBe('organization_alert: deployment_spike, B firing.')
    expect(await eventOf(reader, name => name === 'beat')).toMatchObject({
      title: '(2) Alerts',
      summary: '2 alerts firing',
    })
    await source.changes(update(alert('A'), -1), update(alert('B'), -1))
    const resolved = await eventOf(reader, name => name === 'view')
    expect(resolved['html']).toContain('Nothing is firing.')
    await reader.return(undefined)
  })

  test('that is open is ended when the bridge is closed', async () => {
    await start()
    await source.snapshot([])
    const reader = eventsOf(await fetch(`${url}/events`))
    await eventOf(reader, name => name === 'beat')
    await made.close()
    await expect(eventOf(reader, () => false)).rejects.toThrow('the stream ended')
  })
})

describe('/api/alerts', () => {
  test('is JSON, or a stream of events for who asks for one, and only of views of alerts', async () => {
    const other = new TestSource()
    await start({
      views: [
        { view: 'organization_alert', labels: alertLabels, source },
        { view: 'counts', labels: {}, value: { multiplicity: true }, source: other },
      ],
    })
    await source.snapshot([alert('A')])
    await other.snapshot([{ n: 1 }])
    const json = await fetch(`${url}/api/alerts`)
    expect(json.headers.get('content-type')).toBe('application/json')
    expect(await json.json()).toMatchObject({
      views: [{ view: 'organization_alert', alerts: [{ labels: { organization: 'A' } }] }],
    })
    const stream = await fetch(`${url}/api/alerts`, { headers: { accept: 'text/event-stream' } })
    const reader = eventsOf(stream)
    await eventOf(reader, name => name === 'snapshot')
    await source.changes(update(alert('B')))
    expect(await eventOf(reader, name => name === 'firing')).toMatchObject({
      view: 'organization_alert',
      labels: { organization: 'B' },
    })
    await reader.return(undefined)
  })
})

describe('/-/ready', () => {
  test('B12: is 503 while a view is further behind than it may be', async () => {
    let nowMs = 2000
    await start({ now: () => nowMs, readyMaxLagMs: 60_000 })
    await source.snapshot([alert('A')])
    expect((await fetch(`${url}/-/ready`)).status).toBe(200)
    nowMs += 60_000
    const response = await fetch(`${url}/-/ready`)
    expect(response.status).toBe(503)
    expect(await response.text()).toBe('organization_alert: 61 s behind\n')
  })
})
