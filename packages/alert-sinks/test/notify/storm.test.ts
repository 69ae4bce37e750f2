import { expect, test } from 'vitest'
import type { Alert } from '../../src/types.js'
import { row } from '../support/batches.js'
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

test('S15: while the texts of a storm are made, everything else has its turns', async () => {
  const running = new Running({ annotations: { text: '{{ org }}' } })
  let turns = 0
  let isMade = false
  const made = running.source.snapshot(Array.from({ length: storm }, (_, at) => row(`org${at}`))).then(() => {
    isMade = true
  })
  while (!isMade) {
    turns++
    await new Promise(resolve => setImmediate(resolve))
  }
  await made
  expect(turns).toBeGreaterThan(storm / 1024 - 2)
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
