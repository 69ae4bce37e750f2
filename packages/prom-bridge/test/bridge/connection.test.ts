import { type AddressInfo, createServer } from 'node:net'
import { TailError } from '@mzalert/tail-client'
import { messages, progress, type Script, ScriptedServer, update } from '@mzalert/tail-client/testing'
import { afterEach, expect, test } from 'vitest'
import { type Bridge, bridge } from '../../src/bridge/bridge.js'
import type { BridgeEvent } from '../../src/types.js'
import { samplesOf } from '../support/parse.js'
import { until } from '../support/source.js'

let server: ScriptedServer | undefined

afterEach(async () => {
  await server?.close()
  server = undefined
})

const views = [{ view: 'organization_alert', labels: { organization: 'labels' } }] as const

/** A port where nobody listens: it was free a moment ago. */
async function deadPort(): Promise<number> {
  const server = createServer()
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  await new Promise(resolve => server.close(resolve))
  return port
}

test('B31: a server that is not there is tried again, and every attempt is reported', async () => {
  const events: BridgeEvent[] = []
  const made = bridge({
    connection: { host: '127.0.0.1', port: await deadPort(), user: 'materialize' },
    tail: { retry: { initialMs: 1, maxMs: 1 } },
    views,
    onEvent: event => events.push(event),
  })
  await until(() => events.length >= 2)
  expect(events.slice(0, 2)).toMatchObject([
    { type: 'retry', view: 'organization_alert', attempt: 1, error: { code: 'CONNECTION_REFUSED' } },
    { type: 'retry', view: 'organization_alert', attempt: 2, error: { code: 'CONNECTION_REFUSED' } },
  ])
  expect(made.metrics()).toContain('mzalert_view_up{view="organization_alert"} 0\n')
  await made.close()
})

const sends =
  (...rows: readonly string[]): Script['copy'] =>
  ({ send }) =>
    send(messages.copyOut(4), progress(1000), ...rows.map(row => update(1000, 1, row)), progress(1001))

test.each(['reconcile', 'refetch'] as const)(
  'B29: of a server that has forgotten what it said only the difference comes, whoever compares (%s)',
  async onHistoryLost => {
    const events: BridgeEvent[] = []
    server = await ScriptedServer.start({
      columns: [{ name: 'labels', oid: 25 }],
      copy: (client, statement, index) => {
        sends(...(index === 0 ? ['A', 'B', 'C'] : ['B', 'C', 'D']))(client, statement, index)
        if (index === 0) void until(() => events.length > 0).then(client.reset)
      },
    })
    await using made = bridge({
      connection: server.url,
      tail: { onHistoryLost, retry: { initialMs: 1, maxMs: 1 } },
      views,
      onEvent: event => events.push(event),
    })
    await made.ready
    await until(() => events.some(({ type }) => type === 'reconciled'))
    expect(events.at(-1)).toEqual({ type: 'reconciled', view: 'organization_alert', updates: 2 })
    expect(samplesOf(made.metrics(), 'organization_alert')).toEqual({
      '{"organization":"B"}': 1,
      '{"organization":"C"}': 1,
      '{"organization":"D"}': 1,
    })
    expect(samplesOf(made.metrics(), 'mzalert_diffs_total')).toEqual({
      '{"op":"insert","view":"organization_alert"}': 4,
      '{"op":"delete","view":"organization_alert"}': 1,
    })
  },
)

test('a label may be filled by a column in camelCase, where tail is told to name them so', async () => {
  server = await ScriptedServer.start({
    columns: [{ name: 'alert_cond', oid: 25 }],
    copy: sends('A'),
  })
  const view = { view: 'v', labels: { cond: 'alertCond' } }
  await using made = bridge({ connection: server.url, tail: { columnNames: 'camelCase' }, views: [view] })
  await made.ready
  expect(samplesOf(made.metrics(), 'v')).toEqual({ '{"cond":"A"}': 1 })
})

test('a stream that gives up is a failure whose cause is the error of tail', async () => {
  const made = bridge({
    connection: { host: '127.0.0.1', port: await deadPort(), user: 'materialize' },
    tail: { retry: false },
    views,
  })
  const error: unknown = await made.ready.catch((reason: unknown) => reason)
  expect(error).toMatchObject({ code: 'STREAM_FAILED' })
  expect(TailError.is((error as Error).cause)).toBe(true)
  await made.close()
})

test('a view without a source needs a connection', () => {
  const attempt = (): Bridge => bridge({ views })
  expect(attempt).toThrow('[INVALID_OPTION] connection is undefined.')
})

test('an option that tail refuses is refused at once, for the view it belongs to', () => {
  const attempt = (): Bridge =>
    bridge({ connection: 'postgres://localhost', tail: { connectTimeoutMs: -1 }, views })
  expect(attempt).toThrow(/^\[INVALID_OPTION\] View "organization_alert": connectTimeoutMs is -1/)
})
