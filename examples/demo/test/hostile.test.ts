import { alertmanager, type Notifier, notify, slack, webhook } from '@mzalert/alert-sinks'
import { HttpReceiver } from '@mzalert/alert-sinks/testing'
import { startEngine } from '@mzalert/local-engine'
import { type Bridge, bridge } from '@mzalert/prom-bridge'
import { tail } from '@mzalert/tail-client'
import { afterAll, beforeAll, expect, test, vi } from 'vitest'

type Running<T extends (...args: never[]) => unknown> = Awaited<ReturnType<T>>

/** Tries to end a label, a line, a header, a request and a statement, and to begin its own. */
const injection =
  '\u2028B"} 1\nforged{organization="C"} 1\r\nX-Forged: yes\r\n\r\nPOST /forged HTTP/1.1\r\n\r\n\\";DROP TABLE rows;--'
const variable = '$' + '{process.env.HOME}'
const mention = `<!channel> <https://evil.example|here> *all* {{ secret }} ${variable} {{ constructor }}`

let engine: Running<typeof startEngine>
let receiver: HttpReceiver
let internal: HttpReceiver
let served: Bridge
let notifier: Notifier

beforeAll(async () => {
  engine = await startEngine()
  receiver = await HttpReceiver.start()
  internal = await HttpReceiver.start()
  await engine.execute(`
    CREATE TABLE rows (labels text, "__proto__" text, "constructor" text, "toString" text, link text, secret text);
    CREATE VIEW hostile AS SELECT labels, "__proto__", "constructor", "toString", link FROM rows`)
  const rows = [injection, mention].map(
    text =>
      `(${[text, 'polluted', 'built', 'printed', `${internal.url}/latest/meta-data`, 'hunter2'].map(quoted).join(', ')})`,
  )
  await engine.execute(`INSERT INTO rows VALUES ${rows.join(', ')}`)
  const labels = { organization: 'labels', proto: '__proto__', made: 'constructor', text: 'toString' }
  served = bridge({ connection: engine.url, views: [{ view: 'hostile', labels }] })
  notifier = notify(tail('hostile', { connection: engine.url }), {
    name: 'hostile',
    labels,
    annotations: { summary: 'Of {{ labels }}', seen: '{{ __proto__ }}', runbook: '{{ link }}' },
    links: { dashboard: 'http://grafana.example/d?org={{ labels }}', runbook: '{{ link }}' },
    generatorURL: '{{ link }}',
    sinks: [
      alertmanager({ url: receiver.url }),
      slack({ url: `${receiver.url}/slack` }),
      webhook({ url: `${receiver.url}/hook`, headers: { authorization: 'Bearer ours' } }),
    ],
  })
  await Promise.all([served.ready, notifier.ready])
  for (const path of ['/api/v2/alerts', '/slack', '/hook'])
    await vi.waitFor(() => expect(sentTo(path)).toContain('forged{organization='), { timeout: 20_000 })
})

afterAll(async () => {
  await notifier.close()
  await served.close()
  await engine.close()
  await receiver.close()
  await internal.close()
})

test('a text that tries to end its label makes one series with that text, and no other', () => {
  const lines = served
    .metrics()
    .split('\n')
    .filter(line => /^(hostile|forged|X-Forged|POST)/.test(line))
  expect(lines).toHaveLength(2)
  const values = [...served.samples()].filter(({ series }) => series.startsWith('hostile'))
  expect(values.map(({ labels }) => labels['organization']).sort()).toEqual([injection, mention].sort())
})

test('a text that tries to end its header or its request is only in bodies, and the requests are ours alone', () => {
  for (const { method, path, headers } of receiver.requests) {
    expect(`${method} ${path}`).toMatch(/^POST \/(api\/v2\/alerts|slack|hook)$/)
    expect(headers).not.toHaveProperty('x-forged')
    if (path === '/hook') expect(headers.authorization).toBe('Bearer ours')
  }
  const texts = receiver.requests
    .filter(({ path }) => path === '/api/v2/alerts')
    .flatMap(({ body }) => JSON.parse(body) as { readonly labels: Readonly<Record<string, string>> }[])
    .map(({ labels }) => labels['organization'])
  expect(new Set(texts)).toEqual(new Set([injection, mention]))
})

test('columns that are called like what every object inherits are columns, and change no object', () => {
  expect(Object.keys(Object.prototype)).toEqual([])
  expect(({} as Record<string, unknown>)['polluted']).toBeUndefined()
  expect(String({})).toBe('[object Object]')
  const [sample] = [...served.samples()].filter(({ series }) => series.startsWith('hostile'))
  expect(sample?.labels).toMatchObject({ proto: 'polluted', made: 'built', text: 'printed' })
  expect(sentTo('/hook')).toContain('"proto":"polluted"')
})

test('an address in a row is said to people, and asked by nobody', () => {
  expect(sentTo('/hook')).toContain('/latest/meta-data')
  expect(internal.requests).toEqual([])
})

test('what a row says is evaluated nowhere: no template, no variable, no mention', () => {
  expect(sentTo('/hook')).toContain(`{{ secret }} ${variable} {{ constructor }}`)
  for (const { body } of receiver.requests) expect(body).not.toContain('hunter2')
  expect(sentTo('/slack')).toContain('&lt;!channel&gt; &lt;https://evil.example|here&gt;')
  expect(sentTo('/slack')).not.toContain('<!channel>')
})

function sentTo(path: string): string {
  return receiver.requests
    .filter(request => request.path === path)
    .map(({ body }) => body)
    .join('\n')
}

function quoted(text: string): string {
  return `'${text.replaceAll("'", "''")}'`
}
