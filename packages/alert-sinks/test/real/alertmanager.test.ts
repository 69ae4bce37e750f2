import { afterAll, afterEach, beforeAll, expect, test } from 'vitest'
import type { Notifier } from '../../src/notify/notifier.js'
import { alertmanager } from '../../src/sinks/alertmanager.js'
import { memoryStore } from '../../src/stores/memory.js'
import { HttpReceiver } from '../../src/testing/receiver.js'
import { row } from '../support/batches.js'
import { Running } from '../support/running.js'
import { alert } from '../support/sink.js'
import { RealAlertmanager, until } from './support.js'
import { View, type ViewOptions } from './view.js'

let receiver: HttpReceiver
let judge: RealAlertmanager
const running: Notifier[] = []

beforeAll(async () => {
  receiver = await HttpReceiver.start()
  judge = await RealAlertmanager.start(receiver.url)
})
afterEach(async () => {
  for (const notifier of running.splice(0)) await notifier.close()
})
afterAll(async () => {
  await judge.close()
  await receiver.close()
})

/** A view before the judge; closed after the test. */
function viewOf(name: string, options?: ViewOptions): View {
  const view = new View(judge, name, options)
  running.push(view.notifier)
  return view
}

/** What the webhook was told of alerts of a name: `A firing`, in order. */
function notified(name: string): readonly string[] {
  return (
    receiver.bodies as readonly { alerts: readonly { status: string; labels: Record<string, string> }[] }[]
  )
    .flatMap(({ alerts }) => alerts)
    .filter(({ labels }) => labels['alertname'] === name)
    .map(({ labels, status }) => `${labels['org']} ${status}`)
}

test('S1: after any run Alertmanager says what the view says', async () => {
  const view = viewOf('run')
  await view.start(row('A', { n: 1 }), row('B', { n: 2 }))
  await view.agreed()
  for (let round = 0; round < 30; round++)
    await view.set({
      A: round % 2 === 0 ? null : round,
      [`org ${round % 7}`]: round % 3 === 0 ? null : round,
      'B é "\\\n': round,
    })
  await view.agreed()
  await view.set({ B: null, 'B é "\\\n': null })
  await view.agreed()
})

test('S13: Alertmanager calls an alert by the fingerprint that we gave it, whatever is in its labels', async () => {
  const texts = [
    'plain',
    'é漢😀',
    '"quoted" \\ and\nlines',
    ' spaces ',
    '{{ x }}',
    '\u0000',
    'x'.repeat(3000),
  ]
  const view = viewOf('fingerprints')
  await view.start(...texts.map(org => row(org, { n: 1 })))
  await view.agreed()
  const theirs = (await judge.active()).filter(({ labels }) => labels['alertname'] === 'fingerprints')
  const ours = view.notifier.inspect().alerts.map(({ fingerprint }) => fingerprint)
  expect(theirs.map(({ fingerprint }) => fingerprint)).toEqual(ours.toSorted())
  expect(ours).toHaveLength(texts.length)
})

test('S19: two processes with the same rows make one notification', async () => {
  const [one, other] = [viewOf('replicas'), viewOf('replicas')]
  await Promise.all([
    one.start(row('A', { n: 1 }), row('B', { n: 1 })),
    other.start(row('A', { n: 1 }), row('B', { n: 1 })),
  ])
  await one.agreed()
  await until('the webhook was told of both', () => notified('replicas').length >= 2)
  await Promise.all([one.set({ A: null }), other.set({ A: null })])
  await until('the webhook was told of the end', () => notified('replicas').includes('A resolved'))
  // Sent again several times meanwhile, by both.
  await until('both have sent again', () =>
    [one, other].every(({ notifier }) => (notifier.inspect().sinks[0]?.sent ?? 0) >= 8),
  )
  expect(notified('replicas').toSorted()).toEqual(['A firing', 'A resolved', 'B firing'])
})

test('S1: killing Alertmanager in mid-run loses nothing', async () => {
  const view = viewOf('killed')
  await view.start(row('A', { n: 1 }), row('B', { n: 1 }))
  await view.agreed()
  await judge.kill()
  await view.set({ A: null, C: 1 })
  await view.set({ C: 2, D: 1 })
  await view.set({ D: null })
  // So often that it waits as long as it ever does.
  await until('it was tried in vain', () => (view.notifier.inspect().sinks[0]?.failuresInARow ?? 0) >= 8)
  await judge.start()
  await view.agreed()
  await view.set({ B: null, E: 1 })
  await view.agreed()
})

test('S1: an Alertmanager that is away for two minutes has everything soon after', async () => {
  // Two minutes of the notifier's clock; every call is a real one.
  const away = new Running({
    name: 'minutes',
    sinks: alertmanager({ url: judge.url }),
    now: Date.now,
    random: () => 1,
  })
  running.push(away.notifier)
  const { source, notifier } = away
  const state = () => notifier.inspect().sinks[0]
  const answered = () => until('no call is under way', () => state()?.inFlight === 0)
  let atMs = Date.now()
  await source.snapshot([row('A'), row('B')], atMs)
  await until('it has both', () => state()?.sent === 2)
  await judge.kill()
  let longestMs = 0
  for (let second = 0; second < 120; second++) {
    atMs = Math.max(Date.now(), atMs + 1)
    if (second === 10) await source.changes([row('A'), -1, atMs], [row('C'), 1, atMs])
    if (second === 50) await source.changes([row('C'), -1, atMs], [row('D'), 1, atMs])
    await away.pass(1000)
    await answered()
    longestMs = Math.max(longestMs, state()?.retryInMs ?? 0)
  }
  // The delay has doubled up to its limit.
  expect(longestMs).toBeGreaterThan(55_000)
  await judge.start()
  // A delay and a time to send again, at most.
  for (let second = 0; second < 120; second++) {
    await away.pass(1000)
    await answered()
  }
  const there = (await judge.active()).filter(({ labels }) => labels['alertname'] === 'minutes')
  expect(there.map(({ labels }) => labels['org']).toSorted()).toEqual(['B', 'D'])
})

test('S3: Alertmanager hears of no alert that lapsed while nobody ran and ended meanwhile', async () => {
  const store = memoryStore()
  const before = viewOf('lapsed', { store, endsAfterMs: 2000 })
  await before.start(row('A', { n: 1 }))
  await until('the webhook was told', () => notified('lapsed').includes('A firing'))
  await before.notifier.close()
  await until('the webhook was told that it lapsed', () => notified('lapsed').includes('A resolved'))
  const after = viewOf('lapsed', { store, endsAfterMs: 2000 })
  const last = viewOf('lapsed-last')
  await last.start(row('Z', { n: 1 }))
  await until('time has passed', () => notified('lapsed-last').length > 0)
  await after.start()
  await until('the end is taken', () => after.notifier.inspect().sinks[0]?.sent === 1)
  await last.set({ Y: 1 })
  await until('more time has passed', () => notified('lapsed-last').length > 1)
  expect(notified('lapsed')).toEqual(['A firing', 'A resolved'])
})

test('S8: an alert ends when it was said to, should nobody say it again', async () => {
  const view = viewOf('left', { endsAfterMs: 240_000 })
  await view.start(row('A', { n: 1 }))
  await view.agreed()
  const ofView = async () => (await judge.active()).find(({ labels }) => labels['alertname'] === 'left')
  const first = Date.parse((await ofView())?.endsAt ?? '')
  await until('its end moves on', async () => Date.parse((await ofView())?.endsAt ?? '') > first)
  await view.notifier.close()
  const { endsAt = '' } = (await ofView()) ?? {}
  const aheadMs = Date.parse(endsAt) - Date.now()
  expect(aheadMs).toBeGreaterThan(120_000)
  expect(aheadMs).toBeLessThanOrEqual(240_000)
})

test('a link that would make Alertmanager refuse its alert is left out, and one that would not is there', async () => {
  const urls = [
    'https://c/100%',
    'https://c/%zz',
    'https://%41.c/',
    'https://c/%25?q={"a"}|b#%20',
    'https://[::1]/é',
  ]
  const view = viewOf('links', { generatorURL: ({ org }) => urls[Number(org)] })
  await view.start(...urls.map((_url, at) => row(String(at), { n: 1 })))
  await until('all are there', async () => (await view.said()).length === urls.length)
  const sources = (await view.said()).map(each => (each as { generatorURL?: string }).generatorURL)
  expect(sources.filter(url => url?.startsWith('https://'))).toHaveLength(2)
  expect(view.notifier.inspect().sinks).toMatchObject([{ rejected: 0 }])
})

test('S2: while one Alertmanager of two is down the other has everything, and the one that comes back gets it', async () => {
  const second = await RealAlertmanager.start(receiver.url)
  try {
    const view = viewOf('cluster', { url: [judge.url, second.url] })
    await view.start(row('A', { n: 1 }))
    await view.agreed(second)
    await second.kill()
    await view.set({ A: null, B: 1 })
    await view.agreed(judge)
    await second.start()
    await view.agreed(second)
  } finally {
    await second.close()
  }
})

test('S7: a process that is started again with its state neither tells what it told, nor forgets what ended meanwhile', async () => {
  const store = memoryStore()
  const before = viewOf('restarted', { store })
  await before.start(row('A', { n: 1 }), row('B', { n: 1 }))
  await before.agreed()
  await until('the webhook was told', () => notified('restarted').length === 2)
  await before.notifier.close()
  const after = viewOf('restarted', { store })
  await after.start(row('B', { n: 1 }), row('C', { n: 1 }))
  await after.agreed()
  await until('the webhook was told the rest', () => notified('restarted').length >= 4)
  expect(notified('restarted').toSorted()).toEqual(['A firing', 'A resolved', 'B firing', 'C firing'])
})

test('S10: Alertmanager refuses one alert of a batch, and it is known which', async () => {
  const [sink] = alertmanager({ url: judge.url })
  const times = { startsAtMs: Date.now() }
  const good = alert({ ...times, labels: { alertname: 'refused', org: 'good' } })
  const bad = alert({ ...times, labels: { alertname: 'refused', 'not-a-name': 'bad' } })
  const context = { signal: new AbortController().signal, nowMs: Date.now() }
  await expect(sink?.send([good, bad], context)).rejects.toMatchObject({ code: 'SEND_REJECTED' })
  await sink?.send([good], context)
  const stored = (await judge.active()).filter(({ labels }) => labels['alertname'] === 'refused')
  expect(stored.map(({ labels }) => labels['org'])).toEqual(['good'])
})
