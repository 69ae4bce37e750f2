import { Writable } from 'node:stream'
import { describe, expect, test } from 'vitest'
import { alertmanager } from '../../src/sinks/alertmanager.js'
import { kafka } from '../../src/sinks/kafka.js'
import { ndjson } from '../../src/sinks/ndjson.js'
import { pagerDuty } from '../../src/sinks/pagerduty.js'
import { slack } from '../../src/sinks/slack.js'
import { webhook } from '../../src/sinks/webhook.js'
import { type SinkHarness, sinkConformance } from '../../src/testing/conformance.js'
import { HttpReceiver } from '../../src/testing/receiver.js'
import type { Sink } from '../../src/types.js'

/** A harness around an HTTP destination. */
function overHttp(
  make: (url: string) => Sink | undefined,
  secrets: readonly string[] = [],
): () => Promise<SinkHarness> {
  return async () => {
    const receiver = await HttpReceiver.start()
    const sink = make(receiver.url)
    if (!sink) throw new Error('There is no sink.')
    return {
      sink,
      secrets,
      received: () => receiver.requests.map(({ body }) => body).join('\n'),
      // What a secret was is echoed, as some do.
      breakIt: () => {
        receiver.answer = ({ path, headers, body }) => ({
          status: 503,
          body: `${path} ${JSON.stringify(headers)} ${body}`,
        })
      },
      mend: () => {
        receiver.answer = { status: 202, body: 'ok' }
      },
      close: () => receiver.close(),
    }
  }
}

function overKafka(): SinkHarness {
  const sent: string[] = []
  let isUp = true
  const producer = {
    send: async (record: object) => {
      if (!isUp) throw Object.assign(new Error('no broker'), { retriable: false })
      sent.push(JSON.stringify(record).replaceAll('\\"', '"'))
    },
  }
  return {
    sink: kafka({ producer, topic: 'alerts' }),
    received: () => sent.join('\n'),
    breakIt: () => {
      isUp = false
    },
    mend: () => {
      isUp = true
    },
  }
}

function overStream(): SinkHarness {
  const lines: string[] = []
  const open = (): Writable =>
    new Writable({
      write: (chunk, _encoding, done) => {
        lines.push(String(chunk))
        done()
      },
    }).on('error', () => {})
  let stream = open()
  return {
    sink: ndjson({ stream: () => stream }),
    received: () => lines.join(''),
    breakIt: () => {
      stream.destroy(Object.assign(new Error('write EPIPE'), { code: 'EPIPE' }))
    },
    mend: () => {
      stream = open()
    },
  }
}

describe.each<[string, () => SinkHarness | Promise<SinkHarness>]>([
  [
    'alertmanager()',
    overHttp(url => alertmanager({ url: url.replace('http://', 'http://user:hunter22@') })[0], ['hunter22']),
  ],
  ['slack()', overHttp(url => slack({ url: `${url}/services/T0/B0/hunter22` }), ['hunter22'])],
  ['pagerDuty()', overHttp(url => pagerDuty({ url, routingKey: 'hunter22' }), ['hunter22'])],
  [
    'webhook()',
    overHttp(
      url =>
        webhook({
          url: `${url}/?token=hunter22`,
          secret: 'swordfish',
          headers: { authorization: 'Bearer letmein' },
        }),
      ['hunter22', 'swordfish', 'letmein'],
    ),
  ],
  ['kafka()', overKafka],
  ['ndjson()', overStream],
])('%s', (_name, make) => {
  for (const { title, run } of sinkConformance(make)) test(title, run)
})

describe('the checks themselves', () => {
  const bad = (send: Sink['send']): Promise<readonly string[]> =>
    failing({ ...overKafka(), sink: { name: 'bad', send } })

  async function failing(harness: SinkHarness): Promise<readonly string[]> {
    const failed: string[] = []
    for (const { title, run } of sinkConformance(() => harness)) await run().catch(() => failed.push(title))
    return failed
  }

  test('find a sink that does nothing', async () => {
    expect(await bad(() => {})).toHaveLength(7)
  })

  test('find a sink that gives up too soon', async () => {
    const [, ...found] = await bad(() => Promise.reject(Object.assign(new Error('no'), { retryable: false })))
    expect(found).toContain(
      'a destination that cannot be reached is an error that may be tried again, and then the alerts arrive',
    )
  })

  test('find a sink that shows a secret', async () => {
    const { sink, ...harness } = overKafka()
    const talkative: Sink = {
      name: 'bad',
      send: async (...given) => {
        try {
          await sink.send(...given)
        } catch (cause) {
          throw new Error('hunter22', { cause })
        }
      },
    }
    expect(await failing({ ...harness, sink: talkative, secrets: ['hunter22'] })).toEqual([
      'no error shows a secret',
    ])
  })
})
