import { messages, progress, type Script, ScriptedServer, update } from '@mzalert/tail-client/testing'
import { afterEach, expect, test } from 'vitest'
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
  const attempt = (): Bridge =>
    bridge({
      connection: 'postgres://localhost',
      views: [{ view: 'v', labels: {} }],
      restart: { initialMs: 0 },
    })
  expect(attempt).toThrow('[INVALID_OPTION] restart.initialMs is 0. It takes milliseconds, more than 0.')
})
