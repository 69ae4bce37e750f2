import type { Producer } from 'kafkajs'
import { Kafka, logLevel } from 'kafkajs'
import { describe, expect, expectTypeOf, test } from 'vitest'
import {
  events,
  type KafkaMessage,
  type KafkaProducer,
  kafka,
  run,
  scenarios,
  virtualClock,
} from '../../src/index.js'
import { first, origin, rejection } from '../support/story.js'

const story = scenarios.deployments({ seed: 7 })
const some = first(65, events(story, { from: origin }))

interface Recording extends KafkaProducer {
  readonly records: { topic: string; messages: KafkaMessage[] }[]
}

function recording(fault: (send: number) => unknown = () => undefined): Recording {
  const records: Recording['records'] = []
  let sends = 0
  return {
    records,
    send: async record => {
      sends++
      const error = fault(sends)
      if (error !== undefined) throw error
      records.push(record)
      return []
    },
  }
}

/** What kafkajs makes of an error that it gives up on. */
function wrapped(name: string, cause: object): object {
  return { name, retriable: false, cause: Object.assign(new Error('inner'), cause) }
}

describe('the Kafka sink', () => {
  test("takes kafkajs's producer as it is", () => {
    expectTypeOf<Producer>().toExtend<KafkaProducer>()
    const producer = new Kafka({ brokers: ['localhost:1'], logLevel: logLevel.NOTHING }).producer()
    expect(kafka({ producer })).toHaveProperty('send')
  })

  test('sends a record of exactly two keys, with key, value, event time and headers', async () => {
    const producer = recording()
    await kafka({ producer }).send(some)
    const [record, ...others] = producer.records
    expect(others).toEqual([])
    expect(Object.keys(record ?? {}).sort()).toEqual(['messages', 'topic'])
    expect(record?.topic).toBe('deployments')
    expect(record?.messages).toEqual(
      some.map(({ stream, index, key, value, timestampMs }) => ({
        key,
        value: JSON.stringify(value),
        timestamp: `${timestampMs}`,
        headers: { seed: '7', origin: `${origin}`, stream, index: `${index}` },
      })),
    )
  })

  test('sends once per topic, each in order', async () => {
    const producer = recording()
    const mixed = some.map((event, position) => ({ ...event, topic: position % 2 === 0 ? 'even' : 'odd' }))
    await kafka({ producer }).send(mixed)
    expect(producer.records.map(({ topic }) => topic)).toEqual(['even', 'odd'])
    expect(producer.records[0]?.messages.map(({ timestamp }) => timestamp)).toEqual(
      mixed.filter(({ topic }) => topic === 'even').map(({ timestampMs }) => `${timestampMs}`),
    )
  })

  test('sends everything to one topic if told so', async () => {
    const producer = recording()
    await kafka({ producer, topic: 'elsewhere' }).send(some)
    expect(producer.records.map(({ topic }) => topic)).toEqual(['elsewhere'])
  })

  test('sends a null for a value that is null, which deletes the key in a compacted topic', async () => {
    const producer = recording()
    await kafka({ producer }).send(some.slice(0, 1).map(event => ({ ...event, value: null })))
    expect(producer.records[0]?.messages[0]?.value).toBeNull()
  })

  test('never connects or disconnects a producer', async () => {
    const calls: string[] = []
    const producer = {
      ...recording(),
      connect: async () => calls.push('connect'),
      disconnect: async () => calls.push('disconnect'),
    }
    const sink = kafka({ producer })
    await sink.send(some)
    await sink.close()
    expect(calls).toEqual([])
  })

  test('E4: an event that is sent again is known by its headers', async () => {
    const lost = Object.assign(new Error('request timed out'), { retriable: true })
    let answers = 0
    const records: KafkaMessage[] = []
    const producer: KafkaProducer = {
      send: async ({ messages }) => {
        records.push(...messages)
        answers++
        if (answers === 2) throw lost
      },
    }
    const range = { from: origin, to: origin + 5000 }
    const stats = await run({
      scenario: story,
      sink: kafka({ producer }),
      ...range,
      clock: virtualClock(origin),
    })
    const names = records.map(({ headers }) => JSON.stringify(headers))
    expect(stats.retries).toBe(1)
    expect(names.length).toBe(stats.events + 1)
    expect(new Set(names).size).toBe(stats.events)
  })

  test('E4: an event is told from those of other seeds and of runs that began at another time', async () => {
    const producer = recording()
    const sink = kafka({ producer })
    for (const [seed, from] of [
      [7, origin],
      [8, origin],
      [7, origin + 1],
    ] as const) {
      const scenario = scenarios.deployments({ seed })
      await run({ scenario, sink, from, to: from + 60_000, clock: virtualClock(from + 60_000) })
    }
    const names = producer.records.flatMap(({ messages }) =>
      messages.map(({ headers }) => JSON.stringify(headers)),
    )
    expect(names.length).toBe(3 * 160)
    expect(new Set(names).size).toBe(names.length)
  })

  test.each([
    ['an error that is retriable', { retriable: true }, true],
    ['an error that is not', { retriable: false }, false],
    // As kafkajs 2.2.4 was seen to say it of a broker that was killed.
    [
      'an error that is only in a wrapper that is not',
      wrapped('KafkaJSNonRetriableError', { name: 'KafkaJSConnectionError', retriable: true }),
      true,
    ],
    [
      'an error in two wrappers',
      wrapped('KafkaJSNonRetriableError', wrapped('KafkaJSNumberOfRetriesExceeded', { retriable: true })),
      true,
    ],
    ['an error that is not, in a wrapper', wrapped('KafkaJSNonRetriableError', { retriable: false }), false],
    ['a mistake in a wrapper', wrapped('KafkaJSNonRetriableError', {}), false],
  ])('says whether sending again may help: %s', async (_, properties, retryable) => {
    const producer = recording(() => Object.assign(new Error('no leader'), properties))
    expect(await rejection(kafka({ producer }).send(some))).toMatchObject({ code: 'SINK_FAILED', retryable })
  })

  test('with no broker there, kafkajs gives up with an error that may pass', async () => {
    const producer = new Kafka({
      brokers: ['127.0.0.1:1'],
      logLevel: logLevel.NOTHING,
      retry: { retries: 0 },
    }).producer()
    expect(await rejection(kafka({ producer }).send(some))).toMatchObject({
      code: 'SINK_FAILED',
      retryable: true,
    })
  })

  test('refuses what is no producer, and a topic without a name', () => {
    expect(() => kafka({ producer: {} as KafkaProducer })).toThrow(
      /producer is an object\. It takes an object with a method send/,
    )
    expect(() => kafka({ producer: recording(), topic: '' })).toThrow(/topic is ""/)
  })
})
