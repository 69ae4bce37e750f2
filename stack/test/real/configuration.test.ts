import { execFile, spawnSync } from 'node:child_process'
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { promisify } from 'node:util'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { activeAlerts, until } from '../../src/chain/index.js'
import { alertmanagerOf } from '../../src/chain/programs.js'
import { stackFolder } from '../../src/paths.js'
import { freePort, type Program, program } from '../../src/program.js'

const execute = promisify(execFile)

function run(
  name: string,
  args: readonly string[],
  cwd = stackFolder,
): { status: number | null; output: string } {
  const { status, error, stdout, stderr } = spawnSync(name, [...args], { cwd, encoding: 'utf8' })
  expect(error).toBeUndefined()
  return { status, output: stdout + stderr }
}

test.each([
  ['promtool', 'check', 'config', 'prometheus/prometheus.yml'],
  ['promtool', 'check', 'rules', 'prometheus/rules.yml', 'mixin/alerts.yaml', 'mixin/rules.yaml'],
  ['promtool', 'test', 'rules', 'prometheus/rules.test.yml', 'mixin/tests/alerts.test.yaml'],
  ['amtool', 'check-config', 'alertmanager/alertmanager.yml', 'alertmanager/slack.yml'],
])('%s %s %s accepts what the stack is configured with', (name, ...args) => {
  const { status, output } = run(name, args)
  expect(status, output).toBe(0)
})

test('a hundred alerts of one name are many, and one more is a storm; each storm is an alert of its own', () => {
  const folder = mkdtempSync(path.join(tmpdir(), 'mzalert-storm-'))
  try {
    const many = (alertname: string, count: number): readonly object[] =>
      Array.from({ length: count }, (_, index) => ({
        series: `ALERTS{alertname="${alertname}",alertstate="firing",row="${index}"}`,
        values: '1x10',
      }))
    const storm = (name: string): object => ({
      exp_labels: { alertname: 'MzAlertStorm', severity: 'warning', storm: name },
      exp_annotations: { summary: `101 alerts ${name} at once: group them in SQL` },
    })
    const rules = {
      rule_files: [path.join(stackFolder, 'mixin/alerts.yaml')],
      evaluation_interval: '30s',
      tests: [
        {
          interval: '30s',
          input_series: [...many('One', 101), ...many('Other', 101), ...many('Few', 100)],
          alert_rule_test: [
            { eval_time: '30s', alertname: 'MzAlertStorm' },
            { eval_time: '2m', alertname: 'MzAlertStorm', exp_alerts: [storm('One'), storm('Other')] },
          ],
        },
      ],
    }
    // JSON is YAML.
    const file = path.join(folder, 'storm.test.yaml')
    writeFileSync(file, JSON.stringify(rules))
    const { status, output } = run('promtool', ['test', 'rules', file])
    expect(status, output).toBe(0)
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
})

/** A change to the rules that one of the tests of rules must notice. */
test.concurrent.each([
  ['prometheus/rules.yml', 'keep_firing_for: 15s', 'keep_firing_for: 1s'],
  ['prometheus/rules.yml', 'keep_firing_for: 15s', 'keep_firing_for: 60s'],
  ['prometheus/rules.yml', 'view: organization_alert', 'view: other'],
  ['mixin/alerts.yaml', 'mzalert_view_up == 0', 'mzalert_view_up == 2'],
  ['mixin/alerts.yaml', '> 0.8 *', '> 0.95 *'],
  ['mixin/alerts.yaml', 'mzalert_view_lag_seconds > 60', 'mzalert_view_lag_seconds > 600'],
  ['mixin/alerts.yaml', '[2m]) == 0', '[2m]) > 0'],
  [
    'mixin/alerts.yaml',
    'for: 5m\n        labels:\n          severity: critical',
    'for: 5m\n        labels:\n          severity: info',
  ],
  [
    'mixin/alerts.yaml',
    'sum by (job, view) (increase(mzalert_reconnects',
    'sum by (view) (increase(mzalert_reconnects',
  ],
  ['mixin/alerts.yaml', 'mzalert_sink_up == 0', 'mzalert_sink_up == 1'],
  [
    'mixin/alerts.yaml',
    'deriv(mzalert_sink_queue_length[5m]) > 0',
    'deriv(mzalert_sink_queue_length[5m]) > 10',
  ],
  [
    'mixin/alerts.yaml',
    'min_over_time(mzalert_sink_queue_length[5m]) > 0',
    'min_over_time(mzalert_sink_queue_length[5m]) >= 0',
  ],
  ['mixin/alerts.yaml', 'sum by (alertmanager) (increase(', 'sum by (nobody) (increase('],
  [
    'mixin/alerts.yaml',
    'increase(prometheus_notifications_dropped_total',
    'increase(prometheus_notifications_sent_total',
  ],
  ['mixin/alerts.yaml', 'increase(mzalert_sink_dropped_total', 'increase(mzalert_sink_sent_total'],
])('the tests of rules notice a change of %s: %s -> %s', async (file, from, to) => {
  const folder = mkdtempSync(path.join(tmpdir(), 'mzalert-rules-'))
  try {
    for (const each of ['prometheus', 'mixin'])
      cpSync(path.join(stackFolder, each), path.join(folder, each), { recursive: true })
    const text = readFileSync(path.join(folder, file), 'utf8')
    expect(text).toContain(from)
    writeFileSync(path.join(folder, file), text.replace(from, to))
    const tests = file.startsWith('mixin/') ? 'mixin/tests/alerts.test.yaml' : 'prometheus/rules.test.yml'
    await expect(execute('promtool', ['test', 'rules', tests], { cwd: folder })).rejects.toMatchObject({
      code: 1,
      stderr: expect.stringContaining('FAILED'),
    })
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
})

test.each([
  ['alertmanager.yml', 'webhook'],
  ['slack.yml', 'slack'],
])('%s routes every alert to %s, and the one that always fires to nobody', (file, receiver) => {
  const route = (...labels: readonly string[]): string =>
    run('amtool', ['config', 'routes', 'test', `--config.file=alertmanager/${file}`, ...labels]).output.split(
      '\n',
    )[0] ?? ''
  expect(route('alertname=DeploymentSpike', 'severity=warning', 'view=organization_alert')).toBe(receiver)
  expect(route('alertname=MzAlertViewDown', 'severity=critical', 'view=organization_alert')).toBe(receiver)
  expect(route('alertname=Watchdog', 'severity=none')).toBe('nobody')
})

const folder = mkdtempSync(path.join(tmpdir(), 'mzalert-inhibit-'))
let alertmanager: Program
let url: string

beforeAll(async () => {
  const address = `127.0.0.1:${await freePort()}`
  url = `http://${address}`
  alertmanager = program({
    name: 'alertmanager',
    ...alertmanagerOf(path.join(stackFolder, 'alertmanager/alertmanager.yml'), folder, address),
  })
  await alertmanager.start()
})
afterAll(async () => {
  await alertmanager?.kill()
  rmSync(folder, { recursive: true, force: true })
})

test('C6: a view that is down silences its own rows and no others; an exporter that is down, all of them', async () => {
  const row = (view: string): object => ({
    labels: { alertname: 'Row', severity: 'warning', view, job: 'event_exporter' },
  })
  const about = (alertname: string, labels: object): object => ({
    labels: { alertname, severity: 'critical', job: 'event_exporter', ...labels },
  })
  const post = async (...alerts: readonly object[]): Promise<void> => {
    const headers = { 'content-type': 'application/json' }
    expect(
      (await fetch(`${url}/api/v2/alerts`, { method: 'POST', headers, body: JSON.stringify(alerts) })).ok,
    ).toBe(true)
  }
  /** The views whose rows are silenced. */
  const silenced = async (): Promise<string> =>
    (await activeAlerts(url))
      .filter(({ labels, status }) => labels['alertname'] === 'Row' && status.inhibitedBy.length > 0)
      .map(({ labels }) => labels['view'])
      .sort()
      .join()
  await post(row('one'), row('two'), about('MzAlertViewDown', { view: 'one' }))
  await until('the rows of one view are silenced', async () => (await silenced()) === 'one')
  await post(about('MzAlertExporterDown', {}))
  await until('all rows are silenced', async () => (await silenced()) === 'one,two')
  const critical = (await activeAlerts(url)).filter(({ labels }) => labels['severity'] === 'critical')
  expect(critical.flatMap(({ status }) => status.inhibitedBy)).toEqual([])
})

test('C6: the graver of two alerts about a view is enough, and it is not silenced; the one of another exporter is loud', async () => {
  const late = (severity: string, job: string): object => ({
    labels: { alertname: 'MzAlertViewStale', severity, view: 'late', job },
  })
  const body = JSON.stringify([late('warning', 'one'), late('critical', 'one'), late('warning', 'other')])
  const headers = { 'content-type': 'application/json' }
  expect((await fetch(`${url}/api/v2/alerts`, { method: 'POST', headers, body })).ok).toBe(true)
  const found = async (isSilenced: boolean): Promise<string> =>
    (await activeAlerts(url))
      .filter(({ labels }) => labels['view'] === 'late')
      .filter(({ status }) => status.inhibitedBy.length > 0 === isSilenced)
      .map(({ labels }) => `${labels['severity']} ${labels['job']}`)
      .sort()
      .join()
  await until('one of them is silenced', async () => (await found(true)) === 'warning one')
  expect(await found(false)).toBe('critical one,warning other')
})
