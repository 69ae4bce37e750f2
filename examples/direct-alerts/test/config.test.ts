import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { durationMs, readConfig } from '../src/config.js'
import { sinksOf } from '../src/sinks.js'

const file = readFileSync(new URL('../alerts.yaml', import.meta.url), 'utf8')

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
  ['connection: x\nalerts: []', 'sinks must be a list.'],
  ['', 'alerts must be a list.'],
])('a file that cannot be used is one clear sentence: %j', (text, words) => {
  expect(() => readConfig(text, {})).toThrow(words)
})

test('a sink that there is not is named', () => {
  expect(() => sinksOf({ sinks: [{ pager: {} }] })).toThrow(
    'There is no sink "pager". There is alertmanager, slack',
  )
})

test('durations are written as people write them', () => {
  expect(['250ms', '30s', '5m', '1h'].map(durationMs)).toEqual([250, 30_000, 300_000, 3_600_000])
  expect(() => durationMs('soon')).toThrow('"soon" is no duration such as 30s or 5m.')
})
