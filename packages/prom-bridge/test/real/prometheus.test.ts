import { spawnSync } from 'node:child_process'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import {
  FaultProxy,
  messages,
  progress,
  ScriptedServer,
  update as streamed,
} from '@mzalert/tail-client/testing'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { type Bridge, bridge } from '../../src/bridge/bridge.js'
import { type RemoteWrite, remoteWrite } from '../../src/remote-write.js'
import type { ViewOptions } from '../../src/types.js'
import { parseExposition } from '../support/parse.js'
import { Prometheus } from '../support/prometheus.js'
import { TestSource, update } from '../support/source.js'

/** Texts that mean something to whoever reads an exposition. */
const texts = [
  'A',
  '"',
  '\\',
  '\n',
  '\\n',
  '\r\n\t',
  'a="b",c="d"} 1\n# EOF',
  '{a="b"}',
  '1,b:2',
  'x|y',
  '😀',
  'שלום',
  '\u0000',
  ' blanks ',
  'x'.repeat(5000),
]
const values = [0, -0, 1.5, 1e21, 1e-7, -3, Number.MAX_SAFE_INTEGER, Number.NaN, Infinity, -Infinity]

let source: TestSource
let made: Bridge
let server: Server
let prometheus: Prometheus | undefined
let push: RemoteWrite | undefined

beforeEach(() => {
  source = new TestSource()
})
afterEach(async () => {
  await push?.close()
  push = undefined
  await made.close()
  server.closeAllConnections()
  await new Promise(resolve => server.close(resolve))
  await prometheus?.close()
  prometheus = undefined
})

async function start(view: Partial<ViewOptions> = {}): Promise<string> {
  made = bridge({ views: [{ view: 'v', labels: { a: 'a' }, source, ...view }] })
  return serve()
}

async function serve(): Promise<string> {
  server = createServer(made.handler)
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  return `127.0.0.1:${(server.address() as AddressInfo).port}`
}

const row = (a: string, n = 1): Record<string, unknown> => ({ a, n })

/** What Prometheus should have of rows: zero has no sign there. */
function wanted(rows: readonly Record<string, unknown>[]): Readonly<Record<string, number>> {
  return Object.fromEntries(rows.map(({ a, n }) => [JSON.stringify({ a }), Number(n) + 0]))
}

function numbers(samples: Readonly<Record<string, string>>): Readonly<Record<string, number>> {
  const number = (text: string): number => Number(text.replace('Inf', 'Infinity'))
  return Object.fromEntries(Object.entries(samples).map(([labels, value]) => [labels, number(value)]))
}

test('B22: promtool finds nothing wrong with an exposition, and no series is there twice', async () => {
  await start({ value: { column: 'n' }, collisions: 'sum', maxSeries: 100 })
  await source.snapshot(texts.map((text, index) => row(text, values[index % values.length])))
  const text = made.metrics()
  const { error, status, stdout, stderr } = spawnSync('promtool', ['check', 'metrics'], { input: text })
  expect(error, 'promtool must be installed').toBeUndefined()
  expect(`${stdout}${stderr}`).toBe('')
  expect(status).toBe(0)
  // promtool does not look for series that are there twice; this does.
  expect(parseExposition(text).get('v')?.samples).toHaveLength(texts.length)
})

test('B22: a real Prometheus has every row as it is, whatever it says, and nothing else', async () => {
  const target = await start({ value: { column: 'n' } })
  const rows = texts.map((text, index) => row(text, values[index % values.length]))
  await source.snapshot(rows)
  prometheus = await Prometheus.start({ bridge: target })
  const { query, until } = bound(prometheus)
  await until(
    async () => (await query('up'))['{}'] === '1' && Object.keys(await query('v')).length === rows.length,
  )
  expect(numbers(await query('v'))).toEqual(wanted(rows))
  await until(
    async () => Number((await query('scrape_samples_scraped'))['{}']) === [...made.samples()].length,
  )
  // Every change is there with the next scrape, and what went is gone, not stale.
  await source.changes(
    update(rows[0] ?? {}, -1),
    update(row('new', 7)),
    update(rows[2] ?? {}, -1),
    update(row('\\', 8)),
  )
  const changed = [...rows.slice(3), ...rows.slice(1, 2), row('new', 7), row('\\', 8)]
  await until(async () => (await query('v{a="new"}'))['{"a":"new"}'] === '7')
  expect(numbers(await query('v'))).toEqual(wanted(changed))
})

test('B2: an alert goes on firing in a real Prometheus while the database is gone, and resolves when its row is, with the first news', async () => {
  let isGone = false
  const database = await ScriptedServer.start({
    columns: [{ name: 'a', oid: 25 }],
    copy: ({ send }, statement) => {
      send(messages.copyOut(4))
      if (!isGone) send(streamed(1000, 1, 'A'), streamed(1000, 1, 'B'), progress(1001, 1))
      // Where it goes on from what was seen before, and where it states everything anew.
      else if (statement.includes('AS OF')) send(streamed(3000, -1, 'A'), progress(3001, 1))
      else send(streamed(3000, 1, 'B'), progress(3001, 1))
    },
  })
  const network = await FaultProxy.start({ port: Number(new URL(database.url).port) })
  made = bridge({
    connection: network.url,
    tail: { generation: 'subscribe' },
    views: [{ view: 'v', labels: { a: 'a' } }],
  })
  const target = await serve()
  await made.ready
  const rule = { alert: 'Row', expr: 'v > 0' }
  prometheus = await Prometheus.start(
    { bridge: target },
    JSON.stringify({ groups: [{ name: 'g', rules: [rule] }] }),
  )
  const { query, until } = bound(prometheus)
  const firing = async (): Promise<readonly string[]> =>
    Object.keys(await query('ALERTS{alertstate="firing"}')).map(labels => String(JSON.parse(labels).a))
  await until(async () => (await firing()).length === 2)
  isGone = true
  network.refuse()
  const seenDown = 'count_over_time((mzalert_view_up == 0)[2m:1s])'
  await until(async () => Number(Object.values(await query(seenDown))[0]) >= 8)
  expect((await firing()).toSorted()).toEqual(['A', 'B'])
  // Nothing has changed but what is said about the view.
  expect(Object.values(await query('min_over_time(up[2m])'))).toEqual(['1'])
  expect(Object.values(await query('changes(v[2m])'))).toEqual(['0', '0'])
  expect(Object.values(await query('changes(ALERTS_FOR_STATE[2m])'))).toEqual(['0', '0'])
  network.restore()
  await until(async () => (await firing()).join() === 'B')
  await until(async () => Object.values(await query('mzalert_view_up'))[0] === '1')
  await network.close()
  await database.close()
})

test('B36: a real Prometheus takes what is pushed, and ends at once what went', async () => {
  await start({ value: { column: 'n' } })
  const rows = texts.map((text, index) => row(text, values[index % values.length]))
  await source.snapshot(rows)
  prometheus = await Prometheus.start({})
  const { query, until } = bound(prometheus)
  const refused: unknown[] = []
  push = remoteWrite(made, {
    url: `${prometheus.url}/api/v1/write`,
    intervalMs: 200,
    labels: { job: 'pushed' },
    onEvent: event => {
      if (event.type !== 'sent') refused.push(event)
    },
  })
  await until(async () => Object.keys(await query('v{job="pushed"}')).length === rows.length)
  expect(numbers(await query('v'))).toEqual(wanted(rows))
  expect(Object.values(await query('mzalert_view_series'))).toEqual([`${rows.length}`])
  await source.changes(...rows.slice(1).map(one => update(one, -1)))
  await until(async () => Object.keys(await query('v')).length === 1)
  expect(numbers(await query('v'))).toEqual(wanted(rows.slice(0, 1)))
  expect(refused).toEqual([])
})

function bound(one: Prometheus): Pick<Prometheus, 'query' | 'until'> {
  return { query: text => one.query(text), until: condition => one.until(condition) }
}
