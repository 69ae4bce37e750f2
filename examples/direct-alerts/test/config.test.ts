import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { type Config, durationMs, readConfig } from '../src/config.js'
import { sinksOf } from '../src/sinks.js'

const file = readFileSync(new URL('../alerts.yaml', import.meta.url), 'utf8')

/** A file with one view that has one line more. */
function view(line: string): string {
  return `connection: x\nalerts:\n  - view: v\n    labels: {}\n    ${line}\nsinks: []`
}

test('the file of the example needs nothing from the environment, and then tells standard output only', () => {
  const config = readConfig(file, {})
  expect(config.connection).toBe('postgres://materialize@127.0.0.1:6875/materialize')
  expect(config.store).toBeUndefined()
  expect(config.alerts.map(({ view }) => view)).toEqual(['organization_alert', 'customer_alert'])
  expect(sinksOf(config).map(({ name }) => name)).toEqual(['ndjson'])
})

test('addresses come from the environment, those of a cluster by commas', () => {
  const config = readConfig(file, {
    ALERTMANAGER_URL: 'http://am1:9093,http://am2:9093',
    SLACK_WEBHOOK_URL: 'https://hooks.example/secret',
    PAGERDUTY_ROUTING_KEY: 'key',
    WEBHOOK_URL: 'https://hook.example/',
    NDJSON: 'none',
  })
  expect(sinksOf(config).map(({ name }) => name)).toEqual([
    'alertmanager/am1:9093',
    'alertmanager/am2:9093',
    'slack',
    'pagerduty',
    'webhook',
  ])
})

test.each([
  [`connection: \${X}\nalerts: []\nsinks: []`, 'X is not set in the environment.'],
  ['connection: x\nalerts: []', 'sinks of the file must be a list.'],
  ['', 'alerts of the file must be a list.'],
  ['[]', 'the file must be a map.'],
  ['connection: 7\nalerts: []\nsinks: []', 'connection of the file must be a text.'],
  ['connection: x\nsink: []\nalerts: []\nsinks: []', 'the file has sink, which is none of connection, store'],
  [view('keepfiring: 5s'), 'v has keepfiring, which is none of view, labels'],
  [view('for: 30'), 'for of v must be a duration such as 30s or 5m.'],
  [view('for: soon'), 'for of v must be a duration such as 30s or 5m.'],
  [view('annotations: text'), 'annotations of v must be a map.'],
  ['connection: x\nalerts: [{view: v}]\nsinks: []', 'labels of v must be a map.'],
  ['connection: x\nalerts: [7]\nsinks: []', 'alerts[0] must be a map.'],
  ['connection: x\nalerts: []\nsinks: [slack]', 'sinks[0] must be a map.'],
])('a file that cannot be used is one clear sentence: %j', (text, words) => {
  expect(() => readConfig(text, {})).toThrow(words)
})

test('a sink or an option that there is not is named', () => {
  const of = (sinks: Config['sinks']) => () => sinksOf({ sinks, alerts: [] })
  expect(of([{ pager: {} }])).toThrow('There is no sink "pager". There is alertmanager, slack')
  expect(of([{ toString: {} }])).toThrow('There is no sink "toString".')
  expect(of([{ slack: { URL: 'x' } }])).toThrow('Sink slack has URL, which is none of url.')
  expect(of([{ ndjson: { to: 'stderr' } }])).toThrow(
    'to of sink ndjson is "stderr". It takes stdout or none.',
  )
})

test('the views of a file share a webhook of Slack, which takes a message a second', () => {
  const config = readConfig(file, { SLACK_WEBHOOK_URL: 'https://hooks.example/secret', NDJSON: 'none' })
  expect(sinksOf(config)).toMatchObject([{ name: 'slack', minIntervalMs: 2000 }])
})

test('durations are written as people write them', () => {
  expect(['250ms', '30s', '5m', '1h'].map(durationMs)).toEqual([250, 30_000, 300_000, 3_600_000])
  expect(() => durationMs('soon')).toThrow('"soon" is no duration such as 30s or 5m.')
})
