import { afterAll, afterEach, beforeAll, expect, test } from 'vitest'
import { type Notifier, notify } from '../../src/notify/notifier.js'
import { alertmanager } from '../../src/sinks/alertmanager.js'
import { memoryStore } from '../../src/stores/memory.js'
import { HttpReceiver } from '../../src/testing/receiver.js'
import type { AlertOptions, StateStore } from '../../src/types.js'
import { type Row, row } from '../support/batches.js'
import { alert } from '../support/sink.js'
import { TestSource } from '../support/source.js'
import { RealAlertmanager, until } from './support.js'

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

/** A view whose rows a test sets; each test has alerts of its own name. */
class View {
  readonly source = new TestSource()
  readonly notifier: Notifier
  readonly #rows = new Map<string, Row>()
  readonly #name: string
  #lastMs = 0

  constructor(
    name: string,
    {
      url = judge.url,
      store,
      ...more
    }: Partial<AlertOptions<Row>> & { url?: string | readonly string[]; store?: StateStore } = {},
  ) {
    this.#name = name
    this.notifier = notify<Row>(this.source, {
      name,
      labels: { org: 'org' },
      annotations: { summary: '{{ org }} has {{ n }}' },
      generatorURL: 'https://console/{{ org }}',
      sinks: [alertmanager({ url, resendMs: 500, resolvedForMs: 20_000 })],
      retry: { initialMs: 50, maxMs: 500 },
      ...(store ? { store } : {}),
      ...more,
    })
    running.push(this.notifier)
  }

  async start(...rows: readonly Row[]): Promise<void> {
    for (const each of rows) this.#rows.set(String(each['org']), each)
    await this.source.snapshot(rows, this.#later())
  }

  /** Rows by their `org`; null for one that goes. */
  async set(changes: Readonly<Record<string, number | null>>): Promise<void> {
    const at = this.#later()
    const updates = Object.entries(changes).flatMap(([org, n]): [Row, number, number][] => {
      const before = this.#rows.get(org)
      const after = n === null ? undefined : row(org, { n })
      if (after) this.#rows.set(org, after)
      else this.#rows.delete(org)
      return [
        ...(before ? [[before, -1, at] as [Row, number, number]] : []),
        ...(after ? [[after, 1, at] as [Row, number, number]] : []),
      ]
    })
    await this.source.changes(...updates)
  }

  /** A server never uses a timestamp that it has closed. */
  #later(): number {
    this.#lastMs = Math.max(Date.now(), this.#lastMs + 1)
    return this.#lastMs
  }

  /** What Alertmanager must say, as labels and annotations. */
  get expected(): readonly unknown[] {
    return [...this.#rows.values()]
      .map(({ org, n }) => ({
        labels: { alertname: this.#name, org },
        annotations: { summary: `${org} has ${n ?? ''}` },
        generatorURL: `https://console/${encodeURIComponent(String(org))}`,
      }))
      .toSorted((a, b) => (String(a.labels.org) < String(b.labels.org) ? -1 : 1))
  }

  async said(at: RealAlertmanager = judge): Promise<readonly unknown[]> {
    const alerts = (await at.active()).filter(({ labels }) => labels['alertname'] === this.#name)
    return alerts
      .map(({ labels, annotations, generatorURL }) => ({ labels, annotations, generatorURL }))
      .toSorted((a, b) => (String(a.labels['org']) < String(b.labels['org']) ? -1 : 1))
  }

  /** Alertmanager says what the view says. */
  agreed(at: RealAlertmanager = judge): Promise<void> {
    return until(
      `Alertmanager says what view ${this.#name} says: ${JSON.stringify(this.expected).slice(0, 2000)}`,
      async () => {
        return JSON.stringify(await this.said(at)) === JSON.stringify(this.expected)
      },
    )
  }
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
  const view = new View('run')
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
  const view = new View('fingerprints')
  await view.start(...texts.map(org => row(org, { n: 1 })))
  await view.agreed()
  const theirs = (await judge.active()).filter(({ labels }) => labels['alertname'] === 'fingerprints')
  const ours = view.notifier.inspect().alerts.map(({ fingerprint }) => fingerprint)
  expect(theirs.map(({ fingerprint }) => fingerprint)).toEqual(ours.toSorted())
  expect(ours).toHaveLength(texts.length)
})

test('S19: two processes with the same rows make one notification', async () => {
  const [one, other] = [new View('replicas'), new View('replicas')]
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
  const view = new View('killed')
  await view.start(row('A', { n: 1 }), row('B', { n: 1 }))
  await view.agreed()
  await judge.kill()
  await view.set({ A: null, C: 1 })
  await view.set({ C: 2, D: 1 })
  await view.set({ D: null })
  await until('it was tried in vain', () => (view.notifier.inspect().sinks[0]?.failuresInARow ?? 0) >= 3)
  await judge.start()
  await view.agreed()
  await view.set({ B: null, E: 1 })
  await view.agreed()
})

test('S2: while one Alertmanager of two is down the other has everything, and the one that comes back gets it', async () => {
  const second = await RealAlertmanager.start(receiver.url)
  try {
    const view = new View('cluster', { url: [judge.url, second.url] })
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
  const before = new View('restarted', { store })
  await before.start(row('A', { n: 1 }), row('B', { n: 1 }))
  await before.agreed()
  await until('the webhook was told', () => notified('restarted').length === 2)
  await before.notifier.close()
  const after = new View('restarted', { store })
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
