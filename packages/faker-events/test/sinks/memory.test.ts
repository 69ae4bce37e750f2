import { describe, expect, test } from 'vitest'
import { EventsError, events, memory, scenarios } from '../../src/index.js'
import { sink as contract } from '../../src/sinks/contract.js'
import { first, origin, rejection } from '../support/story.js'

const some = first(5, events(scenarios.deployments(), { from: origin }))

describe('the memory sink', () => {
  test('keeps every event, in order and by send', async () => {
    const sink = memory()
    await sink.send(some.slice(0, 2))
    await sink.send(some.slice(2))
    expect(sink.events).toEqual(some)
    expect(sink.batches.map(({ length }) => length)).toEqual([2, 3])
  })
})

describe('every sink', () => {
  test('does nothing for no events', async () => {
    const sink = memory()
    await sink.send([])
    expect(sink.batches).toEqual([])
  })

  test('takes nothing after it was closed, and can be closed twice', async () => {
    const sink = memory()
    await sink.close()
    await sink.close()
    expect(await rejection(sink.send(some))).toMatchObject({ code: 'SINK_CLOSED', retryable: false })
    expect(sink.events).toEqual([])
  })

  test('refuses a send while another is in flight, and takes one after it, failed or not', async () => {
    let release: (error?: Error) => void = () => undefined
    const sink = contract({
      name: 'slow',
      send: () =>
        new Promise((resolve, reject) => {
          release = error => (error ? reject(error) : resolve())
        }),
      close: async () => undefined,
    })
    const sending = sink.send(some)
    expect(await rejection(sink.send(some))).toMatchObject({ code: 'SINK_BUSY' })
    release(new Error('full'))
    expect(await rejection(sending)).toMatchObject({ code: 'SINK_FAILED', cause: { message: 'full' } })
    const again = sink.send(some)
    release()
    await again
  })

  test('is ready again after an edge that throws instead of rejecting', async () => {
    const sink = contract({
      name: 'rash',
      send: () => {
        throw new TypeError('at once')
      },
      close: async () => undefined,
    })
    for (const attempt of [1, 2]) {
      const error = await rejection(sink.send(some))
      expect([attempt, EventsError.is(error) && error.code]).toEqual([attempt, 'SINK_FAILED'])
    }
  })

  test('closes only after the send in flight, and closes after a failed one', async () => {
    const order: string[] = []
    const sink = contract({
      name: 'slow',
      send: async () => {
        await new Promise(resolve => setImmediate(resolve))
        order.push('sent')
        throw new Error('after all not')
      },
      close: async () => {
        order.push('closed')
      },
    })
    const sending = rejection(sink.send(some))
    await sink.close()
    await sending
    expect(order).toEqual(['sent', 'closed'])
  })
})
