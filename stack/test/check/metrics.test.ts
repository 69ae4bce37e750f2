import path from 'node:path'
import { notify } from '@mzalert/alert-sinks'
import { exporter } from '@mzalert/example-exporter'
import { startEngine } from '@mzalert/local-engine'
import { beforeAll, expect, test } from 'vitest'
import { stackFiles } from '../../src/check/files.js'
import {
  documented,
  expressions,
  monitors,
  namesIn,
  recorded,
  synthetic,
  unknownMetrics,
} from '../../src/check/metrics.js'
import { metricsIn } from '../../src/check/promql.js'
import { models } from '../../src/models.js'
import { stackFolder } from '../../src/paths.js'
import { freePort, program } from '../../src/program.js'

let emitted: ReadonlySet<string>

beforeAll(async () => {
  emitted = new Set([...(await ofExporter()), ...(await ofProducer()), ...(await ofSinks())])
})

async function ofExporter(): Promise<ReadonlySet<string>> {
  await using engine = await startEngine()
  for (const { sql } of models('local', { threshold: 0, enterpriseLimit: 0 })) await engine.execute(sql)
  await engine.execute(`INSERT INTO customers VALUES (1, 'Ann', 'enterprise');
    INSERT INTO deployments SELECT json_build_object('organization', 'B', 'customer_id', 1, 'deployment_type', 'cloud',
      'event_type', 'deployment_created', 'event_ts', floor(extract(epoch from now()))::bigint)`)
  const running = await exporter({ connection: engine.url, port: 0 })
  try {
    await running.bridge.ready
    return namesIn(await (await fetch(`${running.url}/metrics`)).text())
  } finally {
    await running.close()
  }
}

async function ofProducer(): Promise<ReadonlySet<string>> {
  const port = await freePort()
  const url = `http://127.0.0.1:${port}`
  const producer = program({
    name: 'producer',
    command: process.execPath,
    args: [path.join(stackFolder, '../examples/producer/dist/main.js')],
    env: { SINK: 'ndjson', PORT: String(port) },
    readyUrl: `${url}/-/ready`,
  })
  await producer.start()
  try {
    return namesIn(await (await fetch(`${url}/metrics`)).text())
  } finally {
    await producer.kill()
  }
}

/** What a notifier registers, by its names. */
async function ofSinks(): Promise<ReadonlySet<string>> {
  const registered = new Map<string, unknown>()
  const alerts = notify(
    { batches: async function* () {}, close: async () => {} },
    {
      name: 'organization_alert',
      labels: { organization: 'labels' },
      sinks: [async () => {}],
      registry: {
        registerMetric: (metric: { readonly name: string }) => registered.set(metric.name, metric),
        removeSingleMetric: () => {},
        getSingleMetric: name => registered.get(name),
      },
    },
  )
  await alerts.close()
  return new Set(registered.keys())
}

test('C5: every metric in rules, dashboards and Grafana is made: by the programs that run, by a rule, or as documented', () => {
  const files = stackFiles()
  const known = new Set([...emitted, ...recorded(files), ...synthetic, ...documented, ...monitors])
  const all = expressions(files)
  expect(all.length).toBeGreaterThan(50)
  expect(unknownMetrics(all, known)).toEqual([])
})

test('C5: a metric that nobody makes is found, wherever it stands', () => {
  for (const file of [
    'prometheus/rules.yml',
    'mixin/alerts.yaml',
    'mixin/dashboards/pipeline.json',
    'grafana/provisioning/alerting/rules.yaml',
  ]) {
    const files = stackFiles({
      [file]: text =>
        text.replace(
          /mzalert_(series_collisions|view_up == 0)|organization_alert\{/,
          match => `typo_${match}`,
        ),
    })
    const known = new Set([...emitted, ...recorded(files), ...synthetic, ...documented, ...monitors])
    expect(unknownMetrics(expressions(files), known), file).toHaveLength(1)
  }
})

test('what is taken as made is used somewhere', () => {
  const used = new Set(expressions(stackFiles()).flatMap(({ text }) => metricsIn(text)))
  expect([...documented, ...monitors, ...synthetic].filter(name => !used.has(name))).toEqual([])
})

test('PromQL is parsed, not guessed', () => {
  expect(
    metricsIn('sum by (view) (rate(a_total{b="c_total"}[5m])) / on (view) d > bool e offset 5m'),
  ).toEqual(['a_total', 'd', 'e'])
  expect(() => metricsIn('sum by (view) (rate(')).toThrow('no PromQL')
  expect(() => metricsIn('{job="x"}')).toThrow('names no metric')
})
