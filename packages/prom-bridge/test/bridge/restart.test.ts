import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { messages, progress, type Script, ScriptedServer, update } from '@mzalert/tail-client/testing'
import { afterEach, expect, test, vi } from 'vitest'
import { type Bridge, bridge } from '../../src/bridge/bridge.js'
import type { BridgeEvent } from '../../src/types.js'
import { samplesOf } from '../support/parse.js'
import { until } from '../support/source.js'

let server: ScriptedServer | undefined
let made: Bridge | undefined
const events: BridgeEvent[] = []

afterEach(async () => {
  await made?.close()
  await server?.close()
  events.length = 0
})

const text = 25
const columns = (...names: readonly string[]): readonly { name: string; oid: number }[] =>
  names.map(name => ({ name, oid: text }))

async function start(
  script: Script,
  restart?: { initialMs: number; maxMs: number } | false,
): Promise<Bridge> {
  server = await ScriptedServer.start(script)
  made = bridge({
    connection: server.url,
    tail: { generation: 'subscribe' },
    views: [{ view: 'v', labels: { a: 'a' } }],
    restart: restart ?? { initialMs: 1, maxMs: 4 },
    onEvent: event => events.push(event),
  })
  return made
}

test('B2: a view that was dropped keeps its samples, is opened again, and has the difference when it is there again', async () => {
  let isDropped = false
  const bridged = await start({
    columns: columns('a'),
    copy: ({ send }, _statement, index) => {
      send(messages.copyOut(4))
      if (isDropped && index < 3) {
        send(messages.error('42704', 'unknown catalog item "v"'))
        send(messages.readyForQuery())
        return
      }
      send(update(1000, 1, index === 0 ? 'A' : 'B'), update(1000, 1, 'C'), progress(1001, 1))
      if (index > 0) return
      isDropped = true
      void until(() => events.some(({ type }) => type === 'snapshot')).then(() => {
        send(messages.error('42704', 'unknown catalog item "v"'))
        send(messages.readyForQuery())
      })
    },
  })
  await bridged.ready
  await until(() => events.some(({ type }) => type === 'failed'))
  expect(samplesOf(bridged.metrics(), 'v')).toEqual({ '{"a":"A"}': 1, '{"a":"C"}': 1 })
  expect(events.find(({ type }) => type === 'failed')).toMatchObject({ delayMs: 1 })
  await until(() => bridged.metrics().includes('v{a="B"} 1'))
  expect(samplesOf(bridged.metrics(), 'v')).toEqual({ '{"a":"C"}': 1, '{"a":"B"}': 1 })
  expect(samplesOf(bridged.metrics(), 'mzalert_view_up')).toEqual({ '{"view":"v"}': 1 })
  expect(events.at(-1)).toEqual({ type: 'reconciled', view: 'v', updates: 2 })
  expect(samplesOf(bridged.metrics(), 'mzalert_diffs_total')).toEqual({
    '{"op":"insert","view":"v"}': 3,
    '{"op":"delete","view":"v"}': 1,
  })
  const reconnects = samplesOf(bridged.metrics(), 'mzalert_reconnects_total') ?? {}
  expect(Object.values(reconnects).reduce((sum, count) => sum + count, 0)).toBe(3)
})

test('B18: a view whose column went missing is opened again, and is right when the column is back', async () => {
  let names: readonly string[] = ['b']
  const bridged = await start({
    columns: () => columns(...names),
    copy: ({ send }) => {
      names = ['a']
      send(messages.copyOut(4), update(1000, 1, 'A'), progress(1001, 1))
    },
  })
  await expect(bridged.ready).rejects.toThrow('has no column "a". Its columns are: "b".')
  await until(() => bridged.metrics().includes('v{a="A"} 1'))
  expect(samplesOf(bridged.metrics(), 'mzalert_reconnects_total')).toMatchObject({
    '{"reason":"unknown_column","view":"v"}': 1,
  })
})

test('B18: a view that was made anew with its columns in another order has its labels from where they are now', async () => {
  let names: readonly string[] = ['a', 'b']
  const bridged = await start({
    columns: () => columns(...names),
    copy: ({ send, reset }, _statement, index) => {
      send(messages.copyOut(5), update(1000, 1, 'x\ty'), update(1000, 1, 'z\tz'), progress(1001, 2))
      if (index > 0) return
      names = ['b', 'a']
      void until(() => events.some(({ type }) => type === 'snapshot')).then(reset)
    },
  })
  await bridged.ready
  expect(samplesOf(bridged.metrics(), 'v')).toEqual({ '{"a":"x"}': 1, '{"a":"z"}': 1 })
  await until(() => events.some(({ type }) => type === 'reconciled'))
  expect(samplesOf(bridged.metrics(), 'v')).toEqual({ '{"a":"y"}': 1, '{"a":"z"}': 1 })
})

test('what a view failed of is what it failed of last, also on the page', async () => {
  let isSeen = false
  const bridged = await start({
    columns: columns('a'),
    copy: ({ send }, _statement, index) => {
      const fail = (sqlState: string, reason: string): void =>
        send(messages.copyOut(4), messages.error(sqlState, reason), messages.readyForQuery())
      if (index === 0) fail('42704', 'unknown catalog item "v"')
      else void until(() => isSeen).then(() => fail('42501', 'permission denied for "v"'))
    },
  })
  const page = createServer(bridged.handler)
  await new Promise<void>(resolve => page.listen(0, '127.0.0.1', resolve))
  const url = `http://127.0.0.1:${(page.address() as AddressInfo).port}/`
  for (const reason of ['unknown catalog item', 'permission denied']) {
    await until(() => events.some(event => event.type === 'failed' && event.error.message.includes(reason)))
    expect(await (await fetch(url)).text()).toContain(reason)
    isSeen = true
  }
  page.closeAllConnections()
  await new Promise(resolve => page.close(resolve))
})

test('a bridge that is closed because a view failed leaves no timer behind', async () => {
  const timers = vi.spyOn(globalThis, 'setTimeout')
  const bridged = await start(
    {
      columns: columns('b'),
      copy: ({ send }) => send(messages.copyOut(4), update(1000, 1, 'A'), progress(1001, 1)),
    },
    { initialMs: 1_234_567, maxMs: 1_234_567 },
  )
  const closed = new Promise<void>(resolve => {
    bridged.events.on('failed', () => resolve(bridged.close()))
  })
  await closed
  for (let turn = 0; turn < 10; turn++) await new Promise(resolve => setImmediate(resolve))
  expect(timers.mock.calls.filter(([, delayMs]) => delayMs === 1_234_567)).toEqual([])
  timers.mockRestore()
})

test('B28: of a snapshot that broke off in the middle nothing is shown', async () => {
  const bridged = await start({
    columns: columns('a'),
    copy: ({ send, reset }, _statement, index) => {
      if (index > 0) {
        send(messages.copyOut(4), progress(1000, 1), update(1000, 1, 'B'), progress(1001, 1))
        return
      }
      send(messages.copyOut(4), progress(1000, 1), update(1000, 1, 'A'))
      setImmediate(reset)
    },
  })
  await bridged.ready
  expect(samplesOf(bridged.metrics(), 'v')).toEqual({ '{"a":"B"}': 1 })
  expect(bridged.metrics()).toContain('mzalert_diffs_total{view="v",op="insert"} 1\n')
})

test('B31: a view stays failed where that is wished', async () => {
  const bridged = await start(
    {
      columns: columns('b'),
      copy: ({ send }) => send(messages.copyOut(4), update(1000, 1, 'A'), progress(1001, 1)),
    },
    false,
  )
  await expect(bridged.ready).rejects.toMatchObject({ code: 'UNKNOWN_COLUMN' })
  await until(() => events.length > 0)
  expect(events[0]).not.toHaveProperty('delayMs')
  expect(server?.statements.filter(statement => statement.startsWith('COPY'))).toHaveLength(1)
})

test('a restart that is none is refused at once', () => {
  const attempt = (restart: { readonly initialMs?: number; readonly maxMs?: number }) => (): Bridge =>
    bridge({ connection: 'postgres://localhost', views: [{ view: 'v', labels: {} }], restart })
  expect(attempt({ initialMs: 0 })).toThrow('[INVALID_OPTION] restart.initialMs is 0. It takes milliseconds,')
  // A timer of the system would be over at once.
  expect(attempt({ maxMs: 2 ** 31 })).toThrow('[INVALID_OPTION] restart.maxMs is 2147483648. It takes')
})
