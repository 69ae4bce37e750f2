import { once } from 'node:events'
import { PassThrough, Writable } from 'node:stream'
import { describe, expect, test } from 'vitest'
import { type KafkaMessage, kafka } from '../../src/sinks/kafka.js'
import { ndjson } from '../../src/sinks/ndjson.js'
import type { Sink } from '../../src/types.js'
import { row } from '../support/batches.js'
import { Running } from '../support/running.js'
import { ended, errorOf, nowMs, send } from '../support/sending.js'
import { alert } from '../support/sink.js'

describe('kafka()', () => {
  test('S18: a compacted topic holds what fires: the key is the fingerprint, an end is a tombstone', async () => {
    const messages: KafkaMessage[] = []
    const topics = new Set<string>()
    const producer = {
      send: async (record: { topic: string; messages: KafkaMessage[] }) => {
        topics.add(record.topic)
        messages.push(...record.messages)
      },
    }
    const sink = kafka({ producer, topic: 'alerts' })
    const other = alert({ fingerprint: 'd72f2752c054284a' })
    await send(sink, alert(), other)
    await send(sink, ended)
    const compacted = new Map<string, string>()
    for (const { key, value } of messages)
      if (value === null) compacted.delete(key)
      else compacted.set(key, value)
    expect([...topics]).toEqual(['alerts'])
    expect([...compacted.keys()]).toEqual([other.fingerprint])
    expect(JSON.parse(compacted.get(other.fingerprint) ?? '')).toMatchObject({
      status: 'firing',
      labels: other.labels,
    })
    expect(messages.at(-1)?.headers).toEqual({
      status: 'resolved',
      startsAt: '2026-11-24T03:00:00.000Z',
      endsAt: '2026-11-24T03:59:59.000Z',
    })
  })

  test('S18: a record that took too long to be sent never lands after a later one of its alert', async () => {
    const log: string[] = []
    const landed: (() => void)[] = []
    const producer = {
      send: async ({ messages }: { messages: KafkaMessage[] }) => {
        await new Promise<void>(resolve => landed.push(resolve))
        log.push(...messages.map(({ value }) => (value === null ? 'tombstone' : 'firing')))
      },
    }
    const running = new Running({ sinks: [kafka({ producer, topic: 'alerts' })] })
    await running.source.snapshot([row('A')])
    await running.pass(9000)
    await running.source.changes([row('A'), -1, 2000])
    await running.pass(120_000)
    expect(running.heard).toContain('retry in 250 SEND_TIMEOUT')
    expect(landed).toHaveLength(1)
    landed.shift()?.()
    for (let turn = 0; turn < 200 && log.length < 2; turn++) {
      await running.pass(1000)
      landed.shift()?.()
    }
    expect(log).toEqual(['firing', 'tombstone'])
    await running.close()
  })

  test('S10: a record that is too large is the fault of its alert; a broker that is away is not', async () => {
    const failing = (error: Error): Sink =>
      kafka({ topic: 'alerts', producer: { send: () => Promise.reject(error) } })
    const large = Object.assign(new Error('wrapped'), {
      cause: Object.assign(new Error('no'), { type: 'MESSAGE_TOO_LARGE' }),
    })
    const away = Object.assign(new Error('gave up'), { retriable: false, retryable: false })
    expect((await errorOf(send(failing(large), alert()))).code).toBe('SEND_REJECTED')
    expect((await errorOf(send(failing(away), alert()))).code).toBe('SEND_FAILED')
  })
})

describe('ndjson()', () => {
  test('S17: a change is a line, and a slow reader slows the sender down', async () => {
    const stream = new PassThrough({ highWaterMark: 1 })
    let isSent = false
    const sending = send(ndjson({ stream }), alert(), ended).then(() => {
      isSent = true
    })
    await new Promise(resolve => setImmediate(resolve))
    expect(isSent).toBe(false)
    const lines = String(stream.read()).trimEnd().split('\n')
    await sending
    expect(lines.map(line => JSON.parse(line) as object)).toMatchObject([
      {
        at: '2026-11-24T04:00:00.000Z',
        reason: 'transition',
        status: 'firing',
        fingerprint: '7109e6baaf2bb206',
      },
      { status: 'resolved', endsAt: '2026-11-24T03:59:59.000Z' },
    ])
  })

  test('S17: a reader that is stuck is given nothing twice, however often it is tried', async () => {
    const stream = new PassThrough({ highWaterMark: 1 })
    const running = new Running({ sinks: [ndjson({ stream, timeoutMs: 1000 })] })
    await running.source.snapshot([row('A')])
    await running.pass(300_000, 1000)
    expect(running.heard.filter(each => each.endsWith('SEND_TIMEOUT')).length).toBeGreaterThan(3)
    expect(stream.writableLength + stream.readableLength).toBeLessThan(1000)
    await running.close()
  })

  test('S17: a reader that is gone is an error that may pass, and ends no process', async () => {
    const stream = new PassThrough()
    const sink = ndjson({ stream })
    stream.destroy(Object.assign(new Error('write EPIPE'), { code: 'EPIPE' }))
    expect(await errorOf(send(sink, alert()))).toMatchObject({ code: 'SEND_FAILED', retryable: true })
    await sink.close?.()
    expect(stream.listenerCount('error')).toBe(0)
  })
})

describe('a call that is told to stop', () => {
  const hangs: readonly (readonly [string, () => Sink])[] = [
    ['kafka()', () => kafka({ topic: 'alerts', producer: { send: () => new Promise(() => {}) } })],
    ['ndjson()', () => ndjson({ stream: new Writable({ write: () => {} }) })],
  ]
  test.each(hangs)('%s: ends, also while the one before it hangs', async (_name, make) => {
    const sink = make()
    void send(sink, alert())
    await new Promise(resolve => setImmediate(resolve))
    const stop = new AbortController()
    const second = Promise.resolve(sink.send([alert()], { signal: stop.signal, nowMs }))
    stop.abort(new Error('told to stop'))
    await expect(second).rejects.toThrow('told to stop')
  })
})

test('of the streams that a function gives to ndjson() one after the other, those that are closed are let go', async () => {
  const given: PassThrough[] = []
  const sink = ndjson({
    stream: () => {
      const stream = new PassThrough()
      given.push(stream)
      return stream
    },
  })
  await send(sink, alert())
  await send(sink, alert())
  given[0]?.destroy()
  await once(given[0] ?? new PassThrough(), 'close')
  expect(given.map(stream => stream.listenerCount('error'))).toEqual([0, 1])
  await sink.close?.()
  expect(given.map(stream => stream.listenerCount('error') + stream.listenerCount('close'))).toEqual([0, 0])
})
