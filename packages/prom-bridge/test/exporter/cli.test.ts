import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { get } from 'node:http'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { messages, progress, type ScriptedClient, ScriptedServer, update } from '@mzalert/tail-client/testing'
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest'
import { parse } from 'yaml'
import { parseExposition, samplesOf } from '../support/parse.js'
import { Receiver } from '../support/receiver.js'

const dist = fileURLToPath(new URL('../../dist/', import.meta.url))
const children: ChildProcess[] = []
let folder: string
let server: ScriptedServer
const clients: ScriptedClient[] = []

beforeAll(async () => {
  folder = mkdtempSync(path.join(tmpdir(), 'mzalert-exporter-'))
  server = await ScriptedServer.start({
    columns: [
      { name: 'organization', oid: 25 },
      { name: 'price', oid: 701 },
    ],
    copy: client => {
      clients.push(client)
      client.send(messages.copyOut(5), update(1000, 1, 'A\t1.5'), update(1000, 1, 'B\t2'), progress(1001, 2))
    },
  })
})
afterEach(() => {
  for (const child of children.splice(0)) child.kill('SIGKILL')
})
afterAll(async () => {
  await server.close()
  rmSync(folder, { recursive: true })
})

interface Run {
  readonly child: ChildProcess
  readonly ended: Promise<{ readonly code: number | null; readonly out: string; readonly err: string }>
  /** The address it says that it listens on. */
  readonly url: Promise<string>
}

function run(config: string, ...flags: readonly string[]): Run {
  const file = path.join(folder, 'c.yaml')
  writeFileSync(file, config)
  const child = spawn(process.execPath, [path.join(dist, 'cli.js'), '--config', file, ...flags], {
    env: { MZ_PASSWORD: 'hunter2', MZ_URL: server.url },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  children.push(child)
  const said = { out: '', err: '' }
  child.stdout.on('data', (chunk: Buffer) => {
    said.out += chunk.toString()
  })
  const url = new Promise<string>(resolve => {
    child.stderr.on('data', (chunk: Buffer) => {
      said.err += chunk.toString()
      const found = /"url":"([^"]+)"/.exec(said.err)?.[1]
      if (found) resolve(found)
    })
  })
  const ended = once(child, 'close').then(([code]) => ({ code: code as number | null, ...said }))
  return { child, ended, url }
}

const config = `connections:
  main: "\${MZ_URL}"
views:
  - view: v
    labels: { organization: organization }
listen: { port: 0 }
`

test('B32: a configuration is served: metrics, alerts, readiness and a page; SIGTERM ends it in order', async () => {
  const { child, ended, url } = run(config)
  const base = await url
  expect(base).toMatch(/^http:\/\/127\.0\.0\.1:\d+$/)
  const ready = async (): Promise<boolean> => (await fetch(`${base}/-/ready`)).ok
  // The server's clock is that of 1970: what it has is too old to be ready.
  expect(await ready()).toBe(false)
  let text = ''
  while (samplesOf(text, 'v') === undefined) text = await (await fetch(`${base}/metrics`)).text()
  expect(samplesOf(text, 'v')).toEqual({ '{"organization":"A"}': 1, '{"organization":"B"}': 1 })
  expect(parseExposition(text).has('mzalert_build_info')).toBe(true)
  expect(await (await fetch(`${base}/-/ready`)).text()).toMatch(/^v: \d+ s behind\n$/)
  expect(await (await fetch(`${base}/api/alerts`)).json()).toMatchObject({
    views: [{ view: 'v', state: 'live', total: 2, alerts: [{ labels: { organization: 'A' } }, {}] }],
  })
  expect((await fetch(base)).status).toBe(200)
  child.kill('SIGTERM')
  const { code, err } = await ended
  expect(code).toBe(0)
  const said = err
    .trim()
    .split('\n')
    .map(line => (JSON.parse(line) as { readonly msg: string }).msg)
  expect(said).toEqual(['Listening.', 'The first snapshot is exported.', 'Closing.', 'Closed.'])
})

test('B32: a scrape that is under way at SIGTERM is finished, and new ones are not taken', async () => {
  const { child, ended, url } = run(config)
  const base = await url
  for (let text = ''; !text.includes('v{'); ) text = await (await fetch(`${base}/metrics`)).text()
  clients
    .at(-1)
    ?.send(
      ...Array.from({ length: 3000 }, (_, index) => update(1002, 1, `${index} ${'x'.repeat(3000)}\t1`)),
      progress(1003, 2),
    )
  for (let text = ''; !text.includes('v"} 3002'); )
    text = await (await fetch(`${base}/metrics?name[]=mzalert_view_series`)).text()
  const body = await new Promise<string>((resolve, reject) => {
    get(`${base}/metrics`, { agent: false }, response => {
      // Nothing is read until the program has been told to end: far more is to come than sockets hold.
      child.kill('SIGTERM')
      const poll = (): void => {
        fetch(`${base}/metrics`).then(
          () => setTimeout(poll, 5),
          () => {
            let text = ''
            response.on('data', (chunk: Buffer) => {
              text += chunk.toString()
            })
            response.on('end', () => resolve(text)).on('error', reject)
          },
        )
      }
      poll()
    }).on('error', reject)
  })
  expect(Object.keys(samplesOf(body, 'v') ?? {})).toHaveLength(3002)
  expect((await ended).code).toBe(0)
})

test('series are pushed where the configuration says so', async () => {
  const receiver = await Receiver.start()
  const push = `remoteWrite: { url: "${receiver.url}", interval: 50ms, labels: { job: exporter }, headers: { authorization: Bearer t0ken } }`
  const { child, ended, url } = run(`${config}${push}\n`)
  await url
  const wanted = '{"__name__":"v","job":"exporter","organization":"A"}'
  while (!receiver.live.has(wanted)) await new Promise(resolve => setImmediate(resolve))
  expect(receiver.headers.at(-1)).toMatchObject({ authorization: 'Bearer t0ken' })
  child.kill('SIGTERM')
  expect((await ended).code).toBe(0)
  expect(receiver.live.has(wanted)).toBe(true)
  await receiver.close()
})

test('B38: --check-config says that nothing is wrong, or what is, with its place', async () => {
  expect(await run(config, '--check-config').ended).toMatchObject({
    code: 0,
    out: expect.stringContaining('1 views, nothing wrong'),
  })
  const { code, err } = await run(config.replace('labels', 'label'), '--check-config').ended
  expect(code).toBe(1)
  expect(err).toMatch(/c\.yaml:5:5: views\[0\]\.label is not known\. Write labels instead\.\n/)
})

test('B38: --explain shows what each view would make, also if another one cannot be looked at', async () => {
  const text = config
    .replace(
      'views:',
      '  dead: postgres://u:${MZ_PASSWORD}@127.0.0.1:1/d\nviews:\n  - { view: w, connection: dead, labels: {} }',
    )
    .replace('labels: { org', 'connection: main\n    labels: { price: price, org')
  const { code, out } = await run(text, '--explain').ended
  expect(code).toBe(1)
  expect(out).toMatch(/^view w: .*CONNECTION_REFUSED/)
  expect(out).not.toContain('hunter2')
  expect(out).toContain(
    'view v: 2 rows, 2 series of v\n  columns: organization text, price double precision\n',
  )
  expect(out).toContain('  v{price="1.5",organization="A"} 1\n')
  expect(out).toContain('warning: label price (column price) is a double precision')
})

test.each([
  [['--help'], 0],
  [['--nope'], 1],
  [['--config', '/nowhere.yaml'], 1],
  [['--explain', '--timeout', 'soon'], 1],
])('%j ends with code %i and a line that says why', async (flags, code) => {
  const result = await run(config, ...flags).ended
  expect(result.code).toBe(code)
  expect((result.out + result.err).trim()).not.toMatch(/^\s+at /m)
})

test('a port that is taken is one clear line', async () => {
  const port = new URL(server.url).port
  const { code, err } = await run(config.replace('port: 0', `port: ${port}`)).ended
  expect(code).toBe(1)
  expect(err).toContain(`Port ${port} of 127.0.0.1 is taken. Set listen.port to another one.\n`)
})

test("the schema for editors is the program's own", () => {
  const schema = JSON.parse(readFileSync(path.join(dist, 'exporter.schema.json'), 'utf8')) as object
  expect(schema).toMatchObject({ title: 'mzalert-exporter', required: ['connections', 'views'] })
  expect(Object.keys(parse(config) as object)).toEqual(['connections', 'views', 'listen'])
})

test('B39: the library does not load what only the program needs', () => {
  const files = ['index.js', 'index.cjs'].flatMap(file => reachable(path.join(dist, file)))
  for (const file of files)
    expect(readFileSync(file, 'utf8'), file).not.toMatch(
      /(from|require\(|import\() ?['"](ajv|pino|yaml|snappyjs)['"]/,
    )
})

/** A built file, and those that it loads. */
function reachable(file: string): readonly string[] {
  const text = readFileSync(file, 'utf8')
  const chunks = [...text.matchAll(/['"](\.\/chunk-[^'"]+)['"]/g)].map(([, name = '']) =>
    path.join(dist, name),
  )
  return [file, ...chunks.flatMap(reachable)]
}
