import { spawnSync } from 'node:child_process'
import path from 'node:path'
import { expect, test } from 'vitest'
import { type Compose, compose, variables } from '../../src/check/compose.js'
import { type StackFiles, stackFiles } from '../../src/check/files.js'
import { schemaProblems } from '../../src/check/schema.js'
import * as services from '../../src/check/services.js'
import { stackFolder } from '../../src/paths.js'

const files = stackFiles()
const model = compose(files)
const configurations = [
  'prometheus/prometheus.yml',
  ...files.below('prometheus/targets'),
  'alertmanager/alertmanager.yml',
  'alertmanager/slack.yml',
  ...files.below('grafana'),
]
/** Everything but what is generated, tests, and sources. */
const written = ['alertmanager', 'grafana', 'materialize', 'mixin', 'prometheus']
  .flatMap(files.below)
  .concat('compose.yaml', 'compose.tail.yaml', '.env.example', 'Dockerfile', 'README.md')

const change = (file: string, from: string, to: string): StackFiles =>
  stackFiles({
    [file]: text => {
      expect(text, `${file} has it`).toContain(from)
      return text.replace(from, to)
    },
  })
const changed = (from: string, to: string): Compose => compose(change('compose.yaml', from, to))

test.each(['compose.yaml', 'compose.tail.yaml'])('%s is what the Compose specification says', file => {
  expect(schemaProblems(files.text(file))).toEqual([])
  expect(schemaProblems(files.text(file).replace('healthcheck:', 'healtcheck:'))).not.toEqual([])
})

test('every image has an exact version', () => {
  expect(services.unpinned(model)).toEqual([])
  expect(services.unpinned(compose(files, 'compose.tail.yaml'))).toHaveLength(3)
  for (const tag of ['latest', 'v3', '3.14'])
    expect(services.unpinned(changed('PROMETHEUS_TAG:-v3.14.0', `PROMETHEUS_TAG:-${tag}`))).toHaveLength(1)
  expect(services.unpinned(changed('build: { <<: *build, target: exporter }', ''))).toHaveLength(1)
})

test('whoever runs on has a health check', () => {
  expect(services.unwatched(model)).toEqual([])
  const untested = changed('test: [CMD-SHELL', 'tests: [CMD-SHELL')
  expect(services.unwatched(untested)).toEqual(['redpanda runs on without a health check'])
  expect(services.unorderly(untested)).toContain('topics -> redpanda: it has no health check')
  const without = structuredClone(model) as { services: Record<string, { healthcheck?: unknown }> }
  delete without.services['redpanda']?.healthcheck
  expect(services.unwatched(without as Compose)).toEqual(['redpanda runs on without a health check'])
})

test('nothing has to be copied into a container that is read-only', () => {
  expect(services.unwritable(model)).toEqual([])
  expect(services.unwritable(changed('    read_only: false\n', ''))).toEqual([
    'alertmanager-slack is read-only: slack_channel cannot be copied into it',
  ])
  const secret = changed('file: $' + '{SLACK_URL_FILE:-./secrets/slack_url}', 'environment: SLACK_URL')
  const hardened = structuredClone(secret) as { services: Record<string, { read_only?: boolean }> }
  Object.assign(hardened.services['alertmanager-slack'] ?? {}, { read_only: true })
  expect(services.unwritable(hardened as Compose)).toHaveLength(2)
})

test('who watches waits for nobody who is watched', () => {
  const watched = ['redpanda', 'topics', 'materialize', 'models', 'producer', 'exporter']
  for (const name of ['prometheus', 'alertmanager', 'webhook', 'grafana'])
    expect(services.awaited(model, name).filter(other => watched.includes(other))).toEqual([])
  expect(services.awaited(model, 'exporter')).toEqual(
    expect.arrayContaining(['models', 'materialize', 'topics', 'redpanda']),
  )
})

test('the exporter is made anew whenever the models are', () => {
  const parameters = ['WINDOW_MS', 'THRESHOLD', 'ENTERPRISE_LIMIT']
  const labels = (from: string, to: string): string =>
    JSON.stringify(
      compose(
        stackFiles({
          'compose.yaml': text => {
            expect(text.split(from).length).toBeGreaterThan(2)
            return text.replaceAll(from, to)
          },
        }),
      ).services['exporter']?.labels,
    )
  for (const name of parameters) {
    const [, fallback = ''] = variables(files).find(([each]) => each === name) ?? []
    expect(labels(`\${${name}:-${fallback}}`, '77')).not.toBe(labels(`\${${name}:-`, `\${${name}:-`))
  }
})

test('every edge has a condition that can come true, and there is no cycle', () => {
  expect(services.unorderly(model)).toEqual([])
  const edge = 'redpanda: { condition: service_healthy }'
  for (const wrong of [
    'redpanda: {}',
    'redpanda: { condition: service_completed_successfully }',
    'console: { condition: service_healthy }',
    'nobody: { condition: service_started }',
    'producer: { condition: service_healthy }',
  ])
    expect(services.unorderly(changed(edge, wrong)), wrong).not.toEqual([])
  const cycle = changed('webhook: { condition: service_started }', 'grafana: { condition: service_healthy }')
  expect(services.unorderly(cycle).join()).toContain('is a cycle')
})

test('ports are open on this machine only, and each once', () => {
  expect(services.exposed(model)).toEqual([])
  expect(services.exposed(changed('"127.0.0.1:9090:9090"', '"9090:9090"'))).toHaveLength(1)
  expect(services.exposed(changed('"127.0.0.1:9090:9090"', '"127.0.0.1:9093:9090"'))).toHaveLength(1)
})

test('every file that is mounted or read is there, and every volume is used', () => {
  expect([...services.unmounted(model, files), ...services.unread(model, files)]).toEqual([])
  expect(services.unmounted(changed('./mixin:/etc/mixin:ro', './mixins:/etc/mixin:ro'), files)).toHaveLength(
    1,
  )
  expect(services.unmounted(changed('./mixin:/etc/mixin:ro', './mixin:/etc/mixin'), files)).toHaveLength(1)
  expect(services.unmounted(changed('- grafana:/var', '- grafana2:/var'), files)).toHaveLength(2)
  expect(services.unread(changed('alertmanager/slack.yml', 'alertmanager/slak.yml'), files)).toHaveLength(1)
})

test('everybody has a memory limit, and what starts by default fits 8 GB', () => {
  expect(services.unlimited(model)).toEqual([])
  expect(services.unlimited(changed('mem_limit: 4g', 'mem_limit: 6g'))).toHaveLength(1)
  expect(services.unlimited(changed('mem_limit: 4g', 'mem_reservation: 4g'))).toHaveLength(1)
})

test('compose, Prometheus, Alertmanager, Grafana and the README mean the same services and ports', () => {
  for (const file of [...configurations, 'compose.yaml', 'compose.tail.yaml', 'README.md'])
    expect(services.unreachable(model, file, files.text(file))).toEqual([])
  expect(services.unreachable(model, '', 'http://exporter:9885/metrics')).toHaveLength(1)
  const closed = changed('"9092", "9644", "33145"', '"9092"')
  expect(services.unreachable(closed, '', files.text('prometheus/targets/redpanda.yml'))).toHaveLength(1)

  expect(services.unpublished(model, 'README.md', files.text('README.md'))).toEqual([])
  expect(services.unpublished(model, '', 'http://localhost:9999/')).toHaveLength(1)
})

test('every variable is in .env.example with its default, and has one default', () => {
  const example = [...files.text('.env.example').matchAll(/^#?(\w+)=(.*)$/gm)].map(
    ([, name, value = '']) => `${name}=${value.replaceAll('"', '')}`,
  )
  const ours = variables(files)
    // Who streams from v0.26 is another user.
    .filter(([name, value]) => name !== 'MZ_URL' || value.includes('event_exporter'))
    .map(([name, value]) => `${name}=${value}`)
  expect([...example].sort()).toEqual([...ours].sort())
  const other = variables(change('compose.yaml', 'GRAFANA_TAG:-12.4.9', 'GRAFANA_TAG:-12.5.0'))
  expect(other.map(pair => pair.join('='))).not.toContain('GRAFANA_TAG=12.4.9')
  expect(files.text('Dockerfile')).toContain(
    `ARG NODE_TAG=${new Map(ours.map(each => each.split('=') as [string, string])).get('NODE_TAG')}`,
  )
})

test.each([
  ['producer', '../examples/producer/dist/main.js'],
  ['load', '../examples/producer/dist/main.js'],
  ['exporter', '../examples/exporter/dist/main.js'],
  ['models', 'dist/apply.js'],
])('%s knows every variable that it is given', (name, file) => {
  const { stdout } = spawnSync(process.execPath, [path.join(stackFolder, file), '--help'], {
    encoding: 'utf8',
  })
  const given = Object.keys(model.services[name]?.environment ?? {})
  expect(given.length).toBeGreaterThan(2)
  for (const variable of given) expect(stdout).toMatch(new RegExp(`^ *${variable} `, 'm'))
})

test('the overlay for v0.26 changes services that there are, and nothing but what v0.26 needs', () => {
  const overlay = compose(files, 'compose.tail.yaml')
  for (const name of Object.keys(overlay.services)) expect(Object.keys(model.services)).toContain(name)
  expect(services.unmounted(overlay, files)).toEqual([])
  expect(overlay.services['models']?.environment).toEqual({ TARGET: 'tail' })
  expect(model.services['models']?.environment?.['TARGET']).toBe('subscribe')
})

test('nothing in the stack is a secret', () => {
  for (const file of written) expect(services.secretsIn(file, files.text(file))).toEqual([])
  const secrets = [
    `https://hooks.slack.com/services/${'T0123ABCD'}/B0123/abcdefgh`,
    `${'xox'}b-1234567890-abc`,
    'password: hunter22',
    'api_key = "0123456789"',
    'postgres://materialize:swordfish@materialize:6875/materialize',
  ]
  for (const secret of secrets) expect(services.secretsIn('', secret), secret).toHaveLength(1)
})
