import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { alertmanager } from '../../src/sinks/alertmanager.js'
import { type Fetch, retryAfterMs } from '../../src/sinks/http.js'
import { kafka } from '../../src/sinks/kafka.js'
import { ndjson } from '../../src/sinks/ndjson.js'
import { pagerDuty } from '../../src/sinks/pagerduty.js'
import { verifySignature } from '../../src/sinks/signature.js'
import { slack } from '../../src/sinks/slack.js'
import { webhook } from '../../src/sinks/webhook.js'
import { HttpReceiver } from '../../src/testing/receiver.js'
import { row } from '../support/batches.js'
import { Running } from '../support/running.js'
import { ended, errorOf, nowMs, send } from '../support/sending.js'
import { alert } from '../support/sink.js'

let receiver: HttpReceiver
beforeEach(async () => {
  receiver = await HttpReceiver.start()
})
afterEach(() => receiver.close())

describe('alertmanager()', () => {
  test('S8: what fires ends four minutes ahead, and that moves on with every time it is sent', async () => {
    const [sink] = alertmanager({ url: receiver.url })
    await send(
      sink,
      alert({
        annotations: { summary: 'S' },
        links: { runbook: 'https://wiki/' },
        generatorURL: 'https://c/',
      }),
      ended,
    )
    expect(receiver.requests[0]).toMatchObject({
      method: 'POST',
      path: '/api/v2/alerts',
      headers: { 'content-type': 'application/json' },
    })
    const labels = { alertname: 'ok', e: '1' }
    expect(receiver.bodies[0]).toEqual([
      {
        labels,
        annotations: { summary: 'S', runbook_url: 'https://wiki/' },
        startsAt: '2026-11-24T03:00:00.000Z',
        endsAt: '2026-11-24T04:04:00.000Z',
        generatorURL: 'https://c/',
      },
      { labels, annotations: {}, startsAt: '2026-11-24T03:00:00.000Z', endsAt: '2026-11-24T03:59:59.000Z' },
    ])
  })

  test('S2: every instance of a cluster is a sink of its own, named by its host and without its password', () => {
    const sinks = alertmanager({ url: ['http://u:secret@am1:9093', 'https://am2/prefix/'] })
    expect(sinks.map(({ name, batchSize, resend }) => ({ name, batchSize, resend }))).toEqual(
      ['alertmanager/am1:9093', 'alertmanager/am2/prefix'].map(name => ({
        name,
        batchSize: 256,
        resend: { everyMs: 60_000, resolvedForMs: 900_000, lapsesAfterMs: 240_000 },
      })),
    )
  })

  test.each([
    [400, {}, 'SEND_REJECTED', undefined],
    [422, {}, 'SEND_REJECTED', undefined],
    [413, {}, 'SEND_REJECTED', undefined],
    [415, {}, 'SEND_FAILED', undefined],
    [401, {}, 'SEND_FAILED', undefined],
    [404, {}, 'SEND_FAILED', undefined],
    [302, { location: 'http://127.0.0.1:1/' }, 'SEND_FAILED', undefined],
    [429, { 'retry-after': '7' }, 'SEND_FAILED', 7000],
    [503, { 'retry-after': 'Tue, 24 Nov 2026 04:00:30 GMT' }, 'SEND_FAILED', 30_000],
    [500, { 'retry-after': 'soon' }, 'SEND_FAILED', undefined],
  ])('S11: an answer of %i %j means %s', async (status, headers, code, retryAfter) => {
    receiver.answer = { status, headers: headers as Record<string, string>, body: 'why' }
    const error = await errorOf(send(alertmanager({ url: receiver.url })[0], alert()))
    expect(error).toMatchObject({ code, retryAfterMs: retryAfter, retryable: code === 'SEND_FAILED' })
    expect(error.message).toContain(`Alertmanager at ${receiver.url} answered ${status}: why.`)
  })

  test('S11: nobody there is an error that may pass, and says where', async () => {
    const error = await errorOf(send(alertmanager({ url: 'http://127.0.0.1:1' })[0], alert()))
    expect(error).toMatchObject({ code: 'SEND_FAILED', retryable: true })
    expect(error.message).toMatch(/Alertmanager at http:\/\/127.0.0.1:1 could not be reached \(.+\)/)
  })
})

describe('slack()', () => {
  const url = (): string => `${receiver.url}/services/T0/B0/hunter22`

  test('a message has an attachment for each alert, with what means something to Slack escaped', async () => {
    const firing = alert({
      annotations: { summary: '<B> & co', description: 'see <!channel>' },
      links: { runbook: 'https://wiki/a|b>' },
    })
    await send(slack({ url: url() }), firing, ended)
    expect(receiver.bodies[0]).toEqual({
      text: '2 alerts: 1 firing, 1 resolved',
      attachments: [
        {
          color: '#d1242f',
          fallback: '[FIRING] &lt;B&gt; &amp; co',
          title: '[FIRING] &lt;B&gt; &amp; co',
          text: 'see &lt;!channel&gt;\n<https://wiki/a%7Cb%3E|runbook>',
          ts: firing.startsAtMs / 1000,
        },
        {
          color: '#2da44e',
          fallback: '[RESOLVED] ok (e=1)',
          title: '[RESOLVED] ok (e=1)',
          text: '',
          ts: (nowMs - 1000) / 1000,
        },
      ],
    })
  })

  test('S15: a storm is one message with counts', async () => {
    const storm = Array.from({ length: 50_000 }, (_, at) =>
      alert({ labels: { alertname: at % 5 === 0 ? 'odd' : 'ok', severity: 'critical', at: String(at) } }),
    )
    const sink = slack({ url: url() })
    expect(sink.batchSize).toBeGreaterThanOrEqual(storm.length)
    await send(sink, ...storm)
    expect(receiver.requests).toHaveLength(1)
    const [{ text, attachments }] = receiver.bodies as [{ text: string; attachments: { text: string }[] }]
    expect(text).toBe('50000 alerts: 50000 firing, 0 resolved')
    expect(attachments).toHaveLength(1)
    expect(attachments[0]?.text).toContain('40000 × firing ok [critical]\n10000 × firing odd [critical]')
    expect(receiver.requests[0]?.body.length).toBeLessThan(3000)
  })

  test('S15: what a channel missed while it was away is a message to find out, and one for all the rest', async () => {
    let isAway = true
    const texts: string[] = []
    const fetch: Fetch = async (_url, { body }) => {
      if (!isAway) texts.push((JSON.parse(body) as { text: string }).text)
      return { status: isAway ? 503 : 200, headers: { get: () => null }, text: async () => '' }
    }
    const running = new Running({ sinks: [slack({ url: url(), fetch })] })
    await running.source.snapshot(Array.from({ length: 500 }, (_, at) => row(`org${at}`)))
    await running.pass(3_600_000, 5000)
    isAway = false
    await running.pass(120_000)
    expect(texts).toEqual([expect.stringMatching(/^\[FIRING\]/), '499 alerts: 499 firing, 0 resolved'])
    await running.close()
  })

  test('an address that a function gives wrongly for a moment is the fault of no alert', async () => {
    const sink = slack({ url: () => '' })
    expect(await errorOf(send(sink, alert()))).toMatchObject({ code: 'SEND_FAILED', retryable: true })
  })

  test('a title is cut between characters', async () => {
    await send(
      slack({ url: url() }),
      alert({ annotations: { summary: `${'x'.repeat(239)}${'😀'.repeat(20)}` } }),
    )
    expect(receiver.requests[0]?.body).toContain('x…')
    expect(receiver.requests[0]?.body).not.toMatch(/\\ud83d|\ufffd/i)
  })

  test('S11: 429 says when to come back', async () => {
    receiver.answer = { status: 429, headers: { 'retry-after': '30' } }
    expect(await errorOf(send(slack({ url: url() }), alert()))).toMatchObject({
      code: 'SEND_FAILED',
      retryAfterMs: 30_000,
    })
  })

  test('the address may be rotated: it is asked for at every message', async () => {
    const paths = ['/one', '/two']
    const sink = slack({ url: async () => `${receiver.url}${paths.shift()}` })
    await send(sink, alert())
    await send(sink, alert())
    expect(receiver.requests.map(({ path }) => path)).toEqual(['/one', '/two'])
  })
})

describe('pagerDuty()', () => {
  test('S16: an alert triggers and its end resolves by the same key', async () => {
    const sink = pagerDuty({ url: receiver.url, routingKey: 'key' })
    await send(
      sink,
      alert({
        labels: { alertname: 'ok', organization: 'B', severity: 'critical' },
        annotations: { summary: 'S' },
      }),
    )
    await send(sink, ended)
    expect(receiver.bodies).toEqual([
      {
        routing_key: 'key',
        event_action: 'trigger',
        dedup_key: ended.fingerprint,
        payload: {
          summary: 'S',
          source: 'B',
          severity: 'critical',
          timestamp: '2026-11-24T03:00:00.000Z',
          class: 'ok',
          custom_details: {
            labels: { alertname: 'ok', organization: 'B', severity: 'critical' },
            annotations: { summary: 'S' },
          },
        },
        links: [],
      },
      { routing_key: 'key', event_action: 'resolve', dedup_key: ended.fingerprint },
    ])
  })

  test.each([
    ['critical', 'critical'],
    ['page', 'error'],
    ['__proto__', 'error'],
  ])('severity %s becomes %s', async (severity, expected) => {
    await send(pagerDuty({ url: receiver.url, routingKey: 'key' }), alert({ labels: { severity } }))
    expect(receiver.bodies).toMatchObject([{ payload: { severity: expected } }])
  })

  test('S12: a function that throws, or gives what PagerDuty does not know, gives way to what there is, and that is counted', async () => {
    const broken = (): never => {
      throw new Error('no')
    }
    const fellBack: string[] = []
    const sink = pagerDuty({
      url: receiver.url,
      routingKey: 'key',
      source: () => '',
      severity: () => 'sev1' as 'error',
      dedupeKey: broken,
    })
    const context = {
      signal: new AbortController().signal,
      nowMs,
      onFallback: (what: string) => fellBack.push(what),
    }
    await sink.send([alert({ labels: { alertname: 'ok', severity: 'warning' } })], context)
    expect(receiver.bodies).toMatchObject([
      { dedup_key: ended.fingerprint, payload: { source: 'ok', severity: 'warning' } },
    ])
    expect(fellBack).toEqual(['dedupeKey', 'source', 'severity'])
  })

  test('S10: an event that is invalid is given up; a key that is wrong is nobody’s fault but the operator’s', async () => {
    const sink = pagerDuty({ url: receiver.url, routingKey: 'short' })
    receiver.answer = { status: 400, body: '{"errors":["\'payload.summary\' is missing"]}' }
    expect((await errorOf(send(sink, alert()))).code).toBe('SEND_REJECTED')
    receiver.answer = { status: 400, body: '{"errors":["Length of \'routing_key\' is incorrect"]}' }
    expect((await errorOf(send(sink, alert()))).code).toBe('SEND_FAILED')
  })
})

describe('webhook()', () => {
  test("the body is that of Alertmanager's webhooks, version 4", async () => {
    await send(
      webhook({ url: receiver.url, externalURL: 'https://c/' }),
      alert({ annotations: { a: '1', b: '2' } }),
      {
        ...ended,
        annotations: { a: '1' },
      },
    )
    const labels = { alertname: 'ok', e: '1' }
    const both = {
      labels,
      startsAt: '2026-11-24T03:00:00.000Z',
      generatorURL: '',
      fingerprint: '7109e6baaf2bb206',
    }
    expect(receiver.bodies[0]).toEqual({
      version: '4',
      groupKey: '{}:{alertname="ok"}',
      truncatedAlerts: 0,
      status: 'firing',
      receiver: 'mzalert',
      groupLabels: { alertname: 'ok' },
      commonLabels: labels,
      commonAnnotations: { a: '1' },
      externalURL: 'https://c/',
      alerts: [
        { ...both, status: 'firing', annotations: { a: '1', b: '2' }, endsAt: '0001-01-01T00:00:00Z' },
        { ...both, status: 'resolved', annotations: { a: '1' }, endsAt: '2026-11-24T03:59:59.000Z' },
      ],
    })
  })

  test('S16: a request is signed, and a receiver can tell who signed it, when, and what', async () => {
    await send(webhook({ url: receiver.url, secret: () => 'swordfish' }), alert())
    const { body = '', headers } = receiver.requests[0] ?? {}
    const signature = String(headers?.['x-mzalert-signature'])
    const good = { secret: 'swordfish', signature, body, nowMs }
    expect(verifySignature(good)).toBe(true)
    expect(verifySignature({ ...good, body: Buffer.from(body) })).toBe(true)
    expect(verifySignature({ ...good, body: body.replace('firing', 'firinG') })).toBe(false)
    expect(verifySignature({ ...good, secret: 'other' })).toBe(false)
    expect(verifySignature({ ...good, nowMs: nowMs + 299_000 })).toBe(true)
    expect(verifySignature({ ...good, nowMs: nowMs + 301_000 })).toBe(false)
    // The time is signed: a request that is repeated later cannot claim to be of now.
    const seconds = String(nowMs / 1000)
    expect(signature).toContain(`t=${seconds},`)
    const later = signature.replace(seconds, String(nowMs / 1000 + 1))
    expect(verifySignature({ ...good, signature: later, nowMs: nowMs + 1000 })).toBe(false)
    expect(verifySignature({ ...good, signature: undefined })).toBe(false)
  })
})

test.each<[string, () => unknown]>([
  ['alertmanager()', () => alertmanager({ url: 'ftp://hunter22' })],
  ['alertmanager()', () => alertmanager({ url: [] })],
  ['alertmanager()', () => alertmanager({ url: 'ftp://u:hunter22%@am' })],
  ['alertmanager()', () => alertmanager({ url: 'http://am', endsAfterMs: 60_000 })],
  ['slack()', () => slack({ url: 'hunter22' })],
  ['slack()', () => slack({ url: 'http://x', digestAbove: 51 })],
  ['pagerDuty()', () => pagerDuty({ routingKey: '' })],
  ['webhook()', () => webhook({ url: 'hunter22' })],
  ['webhook()', () => webhook({ url: 'http://x', secret: '' })],
  ['kafka()', () => kafka({ producer: {} as never, topic: 'x' })],
  ['kafka()', () => kafka({ producer: { send: async () => {} }, topic: '' })],
  ['ndjson()', () => ndjson({ stream: {} as never })],
])('%s refuses what it cannot use at once, and shows no secret', (_name, make) => {
  expect(make).toThrow('[INVALID_OPTION]')
  expect(make).not.toThrow('hunter22')
})

test.each([
  ['7', 7000],
  ['1.5', 1500],
  ['Tue, 24 Nov 2026 03:59:00 GMT', 0],
  ['999999999', 3_600_000],
  ['x', undefined],
  [null, undefined],
])('Retry-After: %s means %s ms', (header, ms) => {
  expect(retryAfterMs(header, nowMs)).toBe(ms)
})
