import { expect, test } from 'vitest'
import { decodeState, type State } from '../../src/delivery/state.js'
import { memoryStore } from '../../src/stores/memory.js'
import type { Alert, StateStore } from '../../src/types.js'
import { type Row, row } from '../support/batches.js'
import { Running } from '../support/running.js'
import { TestSink, unreachable } from '../support/sink.js'
import { settled, until } from '../support/source.js'

const storm = 50_000

test('S15: fifty thousand alerts in one batch are sent in calls of at most 256, one at a time, each once, in the order they came', async () => {
  const sink = new TestSink()
  let atOnce = 0
  let mostAtOnce = 0
  const counted = {
    name: 'counted',
    send: async (alerts: readonly Alert[]) => {
      mostAtOnce = Math.max(mostAtOnce, ++atOnce)
      await sink.send(alerts)
      atOnce--
    },
  }
  const running = new Running({ sinks: [counted] })
  const rows = Array.from({ length: storm }, (_, at) => row(`org${at}`))
  await running.source.snapshot(rows)
  await until(() => sink.calls.flat().length >= storm)
  expect(Math.max(...sink.calls.map(call => call.length))).toBe(256)
  expect(sink.calls).toHaveLength(Math.ceil(storm / 256))
  expect(mostAtOnce).toBe(1)
  expect(sink.calls.flat().map(({ labels }) => labels['org'])).toEqual(rows.map(({ org }) => org))
  await running.close()
})

/** Does something in every turn that the event loop has until a storm has been taken in; gives how many there were. */
async function turnsOf(taken: Promise<void>, each: () => void = () => {}): Promise<number> {
  let isTaken = false
  const done = taken.finally(() => {
    isTaken = true
  })
  let turns = 0
  for (; !isTaken; turns++) {
    each()
    await new Promise(resolve => setImmediate(resolve))
  }
  await done
  return turns
}

test('S15: while a storm is taken in, and its texts are made, everything else has its turns', async () => {
  const running = new Running({ annotations: { text: '{{ org }}' } })
  const rows = Array.from({ length: storm }, (_, at) => row(`org${at}`))
  // Texts are made, rows are entered, alerts wait, fire, and are noted for the sinks: each a slice at a time.
  expect(await turnsOf(running.source.snapshot(rows))).toBeGreaterThan((5 * storm) / 1024 - 5)
  const gone = rows.map((each): [Row, number, number] => [each, -1, 2000])
  expect(await turnsOf(running.source.changes(...gone))).toBeGreaterThan((3 * storm) / 1024 - 5)
  await running.close()
})

test('S15: whoever looks at a storm while it is taken in sees nothing of it, or all', async () => {
  const running = new Running({}, new TestSink('test', { batchSize: storm }))
  const seen = new Set<number>()
  const rows = Array.from({ length: storm }, (_, at) => row(`org${at}`))
  let turn = 0
  // Not in each turn: looking ends the work.
  const look = (): void => void (++turn % 30 === 0 && seen.add(running.notifier.inspect().alerts.length))
  await turnsOf(running.source.snapshot(rows), look)
  expect([...seen]).toEqual([0, storm])
  await running.pass(1000)
  expect(running.sink.calls.map(call => call.length)).toEqual([storm])
  await running.close()
})

test('S15: what is stored while a storm is taken in has nothing of it, or all', async () => {
  const stored: State[] = []
  const { load, save } = memoryStore()
  const store: StateStore = {
    load,
    save: (name, text) => {
      stored.push(decodeState(text, 'The state'))
      return save(name, text)
    },
  }
  const running = new Running({ store })
  await running.source.snapshot([row('A')])
  await running.pass(500)
  const before = stored.length
  const rows = Array.from({ length: storm }, (_, at): [Row, number, number] => [row(`org${at}`), 1, 2000])
  // What a sink has taken is stored a second later: in the middle of it.
  let turn = 0
  await turnsOf(running.source.changes(...rows), () => ++turn === 70 && running.clock.advance(500))
  expect(stored.length).toBeGreaterThan(before)
  for (const { instances, entries } of stored.slice(before)) {
    expect(instances).toHaveLength(storm + 1)
    expect(entries).toHaveLength(storm + 1)
  }
  await running.close()
})

test('S9: what changes over and over while a sink is away is one state for each alert, however often it changed', async () => {
  const running = new Running()
  running.sink.error = unreachable()
  await running.source.snapshot([])
  for (let at = 2000; at < 2400; at += 2) {
    await running.source.changes([row('A', { n: at }), 1, at])
    await running.source.changes([row('A', { n: at }), -1, at + 1])
  }
  await running.pass(10_000)
  expect(running.notifier.inspect().sinks[0]?.queued).toBe(1)
  running.sink.error = undefined
  await running.pass(120_000)
  expect(running.sink.calls.flat()).toMatchObject([{ status: 'resolved', startsAtMs: 2398, endsAtMs: 2399 }])
  await running.close()
  await settled()
})
