import * as platformatic from '@platformatic/prom-client'
import * as prometheusIo from '@prometheus-io/client'
import * as promClient from 'prom-client'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { type Bridge, bridge } from '../../src/bridge/bridge.js'
import { BridgeError } from '../../src/errors.js'
import type { BridgeEvent, ViewOptions } from '../../src/types.js'
import { parseExposition, samplesOf } from '../support/parse.js'
import { alert, alertLabels, TestSource, update } from '../support/source.js'

/** The three have one surface; their types are their own, and say so of nobody else's classes. */
const clients: readonly (readonly [name: string, client: typeof promClient])[] = [
  ['prom-client', promClient],
  ['@prometheus-io/client', prometheusIo as unknown as typeof promClient],
  ['@platformatic/prom-client', platformatic as unknown as typeof promClient],
]

const nasty = 'a"b\\c\nd,e="f"}'

describe.each(clients)('%s', (_name, client) => {
  let registry: promClient.Registry
  let source: TestSource
  let running: Bridge | undefined

  beforeEach(() => {
    registry = new client.Registry()
    source = new TestSource()
  })
  afterEach(() => running?.close())

  function start(more: Partial<ViewOptions> = {}, onEvent?: (event: BridgeEvent) => void): Bridge {
    running = bridge({
      registry,
      views: [{ view: 'organization_alert', labels: alertLabels, source, ...more }],
      now: () => 2000,
      ...(onEvent ? { onEvent } : {}),
    })
    return running
  }

  test("a host's registry serves the rows next to its own metrics", async () => {
    new client.Counter({ name: 'host_requests_total', help: 'Theirs.', registers: [registry] }).inc(7)
    start()
    await source.snapshot([alert('A'), alert(nasty), alert(null)])
    const text = await registry.metrics()
    expect(samplesOf(text, 'host_requests_total')).toEqual({ '{}': 7 })
    expect(samplesOf(text, 'organization_alert')).toEqual({
      '{"alert_cond":"deployment_spike","organization":"A"}': 1,
      [`{"alert_cond":"deployment_spike","organization":${JSON.stringify(nasty)}}`]: 1,
      '{"alert_cond":"deployment_spike"}': 1,
    })
    expect(samplesOf(text, 'mzalert_view_up')).toEqual({ '{"view":"organization_alert"}': 1 })
  })

  test('B2: a registry has no sample of a view before its first snapshot', async () => {
    const { ready } = start()
    expect(samplesOf(await registry.metrics(), 'organization_alert')).toEqual({})
    await source.snapshot([alert('A')])
    await ready
    expect(Object.keys(samplesOf(await registry.metrics(), 'organization_alert') ?? {})).toHaveLength(1)
  })

  test('B1: a scrape of the registry that has begun is not torn by a batch', async () => {
    start()
    await source.snapshot([alert('A'), alert('B')])
    const begun = registry.metrics()
    await source.changes(update(alert('A'), -1), update(alert('B'), -1), update(alert('C')))
    expect(Object.keys(samplesOf(await begun, 'organization_alert') ?? {})).toHaveLength(2)
    expect(Object.keys(samplesOf(await registry.metrics(), 'organization_alert') ?? {})).toHaveLength(1)
  })

  test('B5: what a registry prints is valid with labels of its own, too', async () => {
    registry.setDefaultLabels({ region: 'eu' })
    start()
    await source.snapshot([alert('A'), alert(nasty)])
    const text = await registry.metrics()
    for (const { samples } of parseExposition(text).values())
      for (const { labels } of samples) expect(labels['region']).toBe('eu')
    expect(parseExposition(text).get('organization_alert')?.samples).toHaveLength(2)
  })

  test('B5: a merged registry that gets labels of its own later prints valid lines', async () => {
    start()
    await source.snapshot([alert('A'), alert(nasty), alert('C')])
    const merged = client.Registry.merge([registry, new client.Registry()])
    merged.setDefaultLabels({ region: 'eu' })
    expect(parseExposition(await merged.metrics()).get('organization_alert')?.samples).toHaveLength(3)
  })

  test('B24: a registry gives our metrics as JSON, as cluster mode wants them', async () => {
    start({ value: { multiplicity: true } })
    await source.snapshot([alert('A'), alert('A')])
    const json = await registry.getMetricsAsJSON()
    expect(json.find(({ name }) => name === 'organization_alert')).toEqual({
      name: 'organization_alert',
      help: 'How many times view organization_alert holds each row.',
      type: 'gauge',
      aggregator: 'max',
      values: [{ labels: { alert_cond: 'deployment_spike', organization: 'A' }, value: 2 }],
    })
  })

  test('B24: a registry that speaks OpenMetrics names our counters as it does its own', async () => {
    const open = new client.Registry<'application/openmetrics-text; version=1.0.0; charset=utf-8'>()
    open.setContentType('application/openmetrics-text; version=1.0.0; charset=utf-8')
    running = bridge({ registry: open, views: [{ view: 'v', labels: alertLabels, source }] })
    await source.snapshot([alert(nasty)])
    const text = await open.metrics()
    expect(text).toContain('# TYPE mzalert_batches counter\nmzalert_batches_total{view="v"} 1\n')
    expect(text).toContain('v{alert_cond="deployment_spike",organization="a\\"b\\\\c\\nd,e=\\"f\\"}"} 1\n')
    expect(text.endsWith('\n# EOF\n')).toBe(true)
  })

  test("B24: a host that resets its metrics leaves the rows' samples alone", async () => {
    start()
    await source.snapshot([alert('A')])
    registry.resetMetrics()
    expect(Object.keys(samplesOf(await registry.metrics(), 'organization_alert') ?? {})).toHaveLength(1)
  })

  test('B25: a name that the registry has already is refused, by its name, and nothing is left behind', () => {
    const theirs = new client.Gauge({ name: 'organization_alert', help: 'Theirs.', registers: [registry] })
    const attempt = (): Bridge => start()
    expect(attempt).toThrow(
      '[NAME_TAKEN] The name "organization_alert" is taken by another metric of the registry.',
    )
    expect(registry.getMetricsAsArray()).toEqual([theirs])
  })

  test('B25: two bridges in one registry are told to be one', () => {
    start()
    const second = (): Bridge =>
      bridge({ registry, views: [{ view: 'v', labels: {}, source: new TestSource() }] })
    expect(second).toThrow('[NAME_TAKEN] The name "mzalert_view_up" is taken')
  })

  test('B25: start, stop, start leaves nothing behind', async () => {
    for (let round = 0; round < 3; round++) {
      source = new TestSource()
      const { ready, close } = bindClose(start())
      await source.snapshot([alert('A')])
      await ready
      await close()
      expect(registry.getMetricsAsArray()).toEqual([])
      expect(source.closes).toBe(1)
    }
  })

  test('B25: a host that cleared its registry and took our names keeps what it has', async () => {
    const { close } = bindClose(start())
    registry.clear()
    const theirs = new client.Gauge({ name: 'organization_alert', help: 'Theirs.', registers: [registry] })
    await close()
    expect(registry.getMetricsAsArray()).toEqual([theirs])
  })

  test('a registry that is none is refused before anything connects', () => {
    const attempt = (): Bridge =>
      bridge({ registry: {} as never, views: [{ view: 'v', labels: {}, source }] })
    expect(attempt).toThrow(BridgeError)
    expect(attempt).toThrow('[INVALID_OPTION] registry is {}.')
  })

  test('B24: in a cluster, whose workers have the same rows, no row is counted twice', async () => {
    start({ value: { multiplicity: true } })
    await source.snapshot([alert('A'), alert('A'), alert(nasty)])
    await registry.metrics()
    const workers = [await registry.getMetricsAsJSON(), await registry.getMetricsAsJSON()]
    const aggregated = client.AggregatorRegistry.aggregate(structuredClone(workers) as never)
    const text = await aggregated.metrics()
    expect(samplesOf(text, 'organization_alert')).toEqual({
      '{"alert_cond":"deployment_spike","organization":"A"}': 2,
      [`{"alert_cond":"deployment_spike","organization":${JSON.stringify(nasty)}}`]: 1,
    })
    expect(parseExposition(text).get('mzalert_batch_apply_seconds')?.samples).toHaveLength(8)
  })

  test('B3: rows that all three clients would take for one another are series of their own', async () => {
    start({ labels: { a: 'a', b: 'b' } })
    const rows = [
      { a: '1,b:2', b: '3' },
      { a: '1', b: '2,b:3' },
      { a: 'x|y', b: 'z' },
      { a: 'x', b: 'y|z' },
    ]
    await source.snapshot(rows)
    expect(Object.keys(samplesOf(await registry.metrics(), 'organization_alert') ?? {})).toEqual(
      rows.map(row => JSON.stringify(row)),
    )
  })

  test('B23: our metrics never throw, whatever a row says', async () => {
    start()
    await source.snapshot([alert(nasty)])
    for (const metric of registry.getMetricsAsArray())
      await expect((metric as unknown as promClient.Gauge).get()).resolves.toMatchObject({
        name: metric.name,
      })
  })

  test('B24: labels of the registry are in its JSON, too', async () => {
    registry.setDefaultLabels({ region: 'eu' })
    start()
    await source.snapshot([alert('A')])
    const json = await registry.getMetricsAsJSON()
    const family = json.find(({ name }) => name === 'organization_alert')
    expect((family as { values?: unknown } | undefined)?.values).toMatchObject([
      { labels: { region: 'eu', organization: 'A' }, value: 1 },
    ])
  })
})

function bindClose(made: Bridge): { readonly ready: Promise<void>; readonly close: () => Promise<void> } {
  return { ready: made.ready, close: () => made.close() }
}
