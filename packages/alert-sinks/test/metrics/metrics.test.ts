import { Gauge, Registry } from 'prom-client'
import { expect, test, vi } from 'vitest'
import { Lifecycle } from '../../src/lifecycle/lifecycle.js'
import { notify } from '../../src/notify/notifier.js'
import { row } from '../support/batches.js'
import { Running } from '../support/running.js'
import { TestSink, unreachable } from '../support/sink.js'
import { settled, TestSource } from '../support/source.js'

async function samples(registry: Registry): Promise<Readonly<Record<string, number>>> {
  const lines = (await registry.metrics()).split('\n').filter(line => line !== '' && !line.startsWith('#'))
  return Object.fromEntries(
    lines.map(line => [line.slice(0, line.lastIndexOf(' ')), Number(line.slice(line.lastIndexOf(' ') + 1))]),
  )
}

test('alerts, sinks and queues are counted where the user says', async () => {
  const registry = new Registry()
  const running = new Running({ registry, forMs: 100, annotations: { text: '{{ gone }}' } })
  await running.source.snapshot([row('A'), row('B')])
  await running.source.progress(2000)
  await running.source.changes([row('A'), -1, 3000], [row('C'), 1, 3000])
  await settled()
  running.sink.error = unreachable()
  await running.source.progress(4000)
  await settled()
  expect(await samples(registry)).toMatchObject({
    'mzalert_alerts_up{name="spike"}': 1,
    'mzalert_alerts_frontier_seconds{name="spike"}': 4,
    'mzalert_alerts{name="spike",state="pending"}': 0,
    'mzalert_alerts{name="spike",state="firing"}': 2,
    'mzalert_alert_transitions_total{name="spike",to="firing"}': 3,
    'mzalert_alert_transitions_total{name="spike",to="resolved"}': 1,
    'mzalert_alert_template_fallbacks_total{name="spike"}': 3,
    'mzalert_sink_sent_total{name="spike",sink="test"}': 3,
    'mzalert_sink_queue_length{name="spike",sink="test"}': 1,
    'mzalert_sink_up{name="spike",sink="test"}': 0,
    'mzalert_sink_failures_total{name="spike",sink="test",code="SEND_FAILED"}': 1,
  })
  await running.close()
  expect(await samples(registry)).toEqual({})
})

test('a scrape looks at the alerts once, and the next one anew', async () => {
  const registry = new Registry()
  const running = new Running({ registry })
  await running.source.snapshot([row('A')])
  const looked = vi.spyOn(Lifecycle.prototype, 'instances')
  await samples(registry)
  expect(looked).toHaveBeenCalledTimes(1)
  await running.source.changes([row('B'), 1, 2000])
  await settled()
  expect(await samples(registry)).toMatchObject({ 'mzalert_alerts{name="spike",state="firing"}': 2 })
  expect(looked).toHaveBeenCalledTimes(2)
  looked.mockRestore()
  await running.close()
})

test('several notifiers share a registry, and the last one to close takes the metrics out', async () => {
  const registry = new Registry()
  const make = (name: string) =>
    notify(new TestSource(), { name, labels: {}, sinks: [new TestSink()], registry })
  const [one, other] = [make('one'), make('other')]
  await settled()
  expect(Object.keys(await samples(registry)).filter(each => each.startsWith('mzalert_alerts_up'))).toEqual([
    'mzalert_alerts_up{name="one"}',
    'mzalert_alerts_up{name="other"}',
  ])
  await one.close()
  expect(Object.keys(await samples(registry))).not.toContain('mzalert_alerts_up{name="one"}')
  await other.close()
  expect(registry.getMetricsAsArray()).toEqual([])
})

test('a metric of the host with one of our names is left alone, and said', () => {
  const registry = new Registry()
  const theirs = new Gauge({ name: 'mzalert_alerts', help: 'Theirs.', registers: [registry] })
  expect(() =>
    notify(new TestSource(), { name: 'one', labels: {}, sinks: [new TestSink()], registry }),
  ).toThrow('[NAME_TAKEN]')
  expect(registry.getMetricsAsArray()).toEqual([theirs])
})
