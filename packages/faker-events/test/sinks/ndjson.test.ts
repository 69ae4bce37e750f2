import { PassThrough, Writable } from 'node:stream'
import { describe, expect, test } from 'vitest'
import { events, ndjson, run, scenarios, virtualClock } from '../../src/index.js'
import { digest, first, origin, rejection } from '../support/story.js'

const story = scenarios.deployments({ seed: 7 })
const some = first(5, events(story, { from: origin }))

function withCode(code: string): Error {
  return Object.assign(new Error(`write ${code}`), { code })
}

describe('the NDJSON sink', () => {
  test('writes an event as one line of JSON', async () => {
    const stream = new PassThrough()
    await ndjson({ stream }).send(some)
    const lines = String(stream.read()).split('\n')
    expect(lines.pop()).toBe('')
    expect(lines.map(line => JSON.parse(line))).toEqual(some.map(({ seed, originMs, ...rest }) => rest))
    expect(Object.keys(JSON.parse(lines[0] ?? ''))).toEqual([
      'stream',
      'index',
      'timestampMs',
      'topic',
      'key',
      'value',
    ])
  })

  test('E1: what a run writes is what the events themselves come to', async () => {
    let written = ''
    const stream = new Writable({
      write(chunk, _encoding, done) {
        written += chunk
        done()
      },
    })
    const range = { from: origin, to: origin + 30_000 }
    await run({
      scenario: story,
      sink: ndjson({ stream }),
      ...range,
      clock: virtualClock(origin),
      maxBatchEvents: 3,
    })
    const read = written
      .split('\n')
      .slice(0, -1)
      .map(line => JSON.parse(line))
    expect(digest(read)).toBe(digest(events(story, range)))
  })

  test('resolves only when the stream has let go of the batch, so that a slow reader slows the sender down', async () => {
    let letGo: () => void = () => undefined
    const stream = new Writable({
      highWaterMark: 1,
      write(_chunk, _encoding, done) {
        letGo = done
      },
    })
    const order: string[] = []
    const sending = ndjson({ stream })
      .send(some)
      .then(() => order.push('sent'))
    await new Promise(resolve => setImmediate(resolve))
    order.push('let go')
    letGo()
    await sending
    expect(order).toEqual(['let go', 'sent'])
  })

  test('says that it is closed when its reader is gone', async () => {
    const stream = new Writable({ write: (_chunk, _encoding, done) => done(withCode('EPIPE')) })
    const error = await rejection(ndjson({ stream }).send(some))
    expect(error).toMatchObject({ code: 'SINK_CLOSED', retryable: false, cause: { code: 'EPIPE' } })
  })

  test('says that it is closed when its stream was destroyed or ended', async () => {
    const destroyed = new PassThrough()
    destroyed.destroy()
    const ended = new PassThrough()
    ended.end()
    for (const stream of [destroyed, ended])
      expect(await rejection(ndjson({ stream }).send(some))).toMatchObject({ code: 'SINK_CLOSED' })
  })

  test('fails with the cause when the disk is full', async () => {
    const stream = new Writable({ write: (_chunk, _encoding, done) => done(withCode('ENOSPC')) })
    expect(await rejection(ndjson({ stream }).send(some))).toMatchObject({
      code: 'SINK_FAILED',
      retryable: false,
      cause: { code: 'ENOSPC' },
    })
  })

  test('leaves the stream open and its listeners as they were', async () => {
    const stream = new PassThrough()
    const sink = ndjson({ stream })
    await sink.send(some)
    await sink.close()
    expect(stream.writableEnded).toBe(false)
    expect(stream.listenerCount('error')).toBe(0)
  })
})
