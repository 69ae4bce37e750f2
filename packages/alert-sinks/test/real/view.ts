import { type Notifier, notify } from '../../src/notify/notifier.js'
import { alertmanager } from '../../src/sinks/alertmanager.js'
import type { NotifyOptions } from '../../src/types.js'
import { type Row, row } from '../support/batches.js'
import { TestSource } from '../support/source.js'
import { type RealAlertmanager, until } from './support.js'

/** What a view takes besides what `notify()` does. */
export interface ViewOptions extends Partial<NotifyOptions<Row>> {
  readonly url?: string | readonly string[]
  /** Alertmanager is never too slow for it, whatever else the machine does. */
  readonly endsAfterMs?: number
}

/** A view whose rows a test sets, on its way to a real Alertmanager; each test has alerts of its own name. */
export class View {
  readonly source: TestSource = new TestSource()
  readonly notifier: Notifier
  readonly #rows = new Map<string, Row>()
  readonly #name: string
  #lastMs = 0

  readonly #judge: RealAlertmanager

  constructor(
    judge: RealAlertmanager,
    name: string,
    { url = judge.url, endsAfterMs = 60_000, ...more }: ViewOptions = {},
  ) {
    this.#judge = judge
    this.#name = name
    this.notifier = notify<Row>(this.source, {
      name,
      labels: { org: 'org' },
      annotations: { summary: '{{ org }} has {{ n }}' },
      generatorURL: 'https://console/{{ org }}',
      sinks: [alertmanager({ url, resendMs: 500, endsAfterMs, resolvedForMs: 20_000 })],
      retry: { initialMs: 50, maxMs: 500 },
      ...more,
    })
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

  async said(at: RealAlertmanager = this.#judge): Promise<readonly unknown[]> {
    const alerts = (await at.active()).filter(({ labels }) => labels['alertname'] === this.#name)
    return alerts
      .map(({ labels, annotations, generatorURL }) => ({ labels, annotations, generatorURL }))
      .toSorted((a, b) => (String(a.labels['org']) < String(b.labels['org']) ? -1 : 1))
  }

  /** Alertmanager says what the view says. */
  agreed(at: RealAlertmanager = this.#judge): Promise<void> {
    return until(
      `Alertmanager says what view ${this.#name} says: ${JSON.stringify(this.expected).slice(0, 2000)}`,
      async () => {
        return JSON.stringify(await this.said(at)) === JSON.stringify(this.expected)
      },
    )
  }
}
