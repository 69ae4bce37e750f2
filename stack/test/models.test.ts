import { readFileSync } from 'node:fs'
import { viewNames } from '@mzalert/example-exporter'
import { expect, test } from 'vitest'
import { models, type Target, targets } from '../src/models.js'
import { statements } from '../src/statements.js'

test('the sources come before the models, and each model after what it reads', () => {
  expect(models('local').map(({ name }) => name)).toEqual([
    'sources/local.sql',
    'models/1-fct_customer_events.sql',
    'models/2-dim_deployments.sql',
    'models/3-organization_alert.sql',
    'models/4-customer_alert.sql',
  ])
})

test('window and thresholds are filled in everywhere', () => {
  const sql = models('local', { windowMs: 5000, threshold: 7, enterpriseLimit: 3 })
    .map(model => model.sql)
    .join('\n')
  expect(sql).not.toMatch(/\$\{/)
  expect(sql).toContain('event_ts * 1000 + 5000')
  expect(sql).toContain('sum(deployment_cnt) > 7')
  expect(sql).toContain('count(*) > 3')
})

test('a parameter that is no whole number is refused before it becomes SQL', () => {
  expect(() => models('local', { windowMs: 0.5 })).toThrow('windowMs is 0.5')
  expect(() => models('local', { threshold: '1; drop table x' as never })).toThrow('threshold is')
})

test('a broker that is no host and port is refused before it becomes SQL', () => {
  expect(() => models('tail', { kafkaBroker: "x'; drop" })).toThrow('kafkaBroker is')
  expect(models('tail', { kafkaBroker: 'kafka-1.example:9093' })[0]?.sql).toContain(
    "BROKER 'kafka-1.example:9093'",
  )
})

test.each([
  ['subscribe-v0.147', 'subscribe'],
  ['tail-v0.26', 'tail'],
] as const)('C2: the statements are the ones that ran on a real Materialize: %s', (recording, target) => {
  const recorded = setupOf(recording)
  const ours = models(target, { kafkaBroker: '127.0.0.1:19092' })
    .flatMap(statements)
    .map(({ sql }) => normalized(sql))
  expect(recorded.length).toBeGreaterThanOrEqual(4)
  for (const sql of recorded) expect(ours).toContain(sql)
})

test('C2: v0.26 and current versions differ in the sources, and beyond them only where they must', () => {
  const text = (target: Target): string[] =>
    models(target)
      .filter(({ name }) => name.startsWith('models/'))
      .flatMap(statements)
      .map(({ sql }) => sql)
  expect(text('subscribe')).toEqual(text('local'))
  const different = text('tail').map(
    (sql, index) => [sql.split('\n'), text('subscribe')[index]?.split('\n')] as const,
  )
  for (const [tail, current] of different) {
    expect(tail).toHaveLength(current?.length ?? 0)
    for (const [index, line] of tail.entries())
      if (line !== current?.[index])
        expect([current?.[index], line].join(' -> ')).toMatch(
          /^CREATE VIEW (\w+) AS -> CREATE MATERIALIZED VIEW \1 AS$|mz_now\(\).* -> .*mz_logical_timestamp\(\)/,
        )
  }
  const names = (target: Target): string[] =>
    models(target)
      .map(({ name }) => name)
      .filter(name => !name.startsWith('models/'))
  expect(names('tail')).toEqual(['sources/tail.sql'])
  expect(names('subscribe')).toEqual([
    'sources/subscribe.sql',
    'roles/subscribe.sql',
    'streamed/subscribe.sql dim_deployments',
    'streamed/subscribe.sql organization_alert',
    'streamed/subscribe.sql customer_alert',
  ])
})

test('every target has the relations of the original, and customers to join with', () => {
  for (const target of targets) {
    const made = models(target)
      .flatMap(statements)
      .flatMap(({ makes }) => makes?.name ?? [])
    expect(made).toEqual(
      expect.arrayContaining([
        'deployments',
        'customers',
        'fct_customer_events',
        'dim_deployments',
        'organization_alert',
      ]),
    )
    expect(new Set(made).size).toBe(made.length)
  }
})

test('C2: the role of the exporter may read what the exporter streams, and nothing else', () => {
  const made = models('subscribe')
    .flatMap(statements)
    .map(({ sql }) => sql)
  const granted = made.flatMap(sql => /^GRANT SELECT ON (\w+) TO event_exporter$/.exec(sql)?.[1] ?? [])
  expect([...granted].sort()).toEqual([...viewNames].sort())
  expect(made.filter(sql => sql.startsWith('GRANT') && !sql.startsWith('GRANT SELECT'))).toEqual(
    ['CLUSTER quickstart', 'DATABASE materialize', 'SCHEMA public'].map(
      what => `GRANT USAGE ON ${what} TO event_exporter`,
    ),
  )
})

test('C2: a view may be read as soon as it is there: the grant is the next statement, and the role is there before', () => {
  const made = models('subscribe')
    .flatMap(statements)
    .map(({ sql }) => sql)
  for (const view of viewNames) {
    const at = made.findIndex(sql => sql.startsWith(`CREATE VIEW ${view} AS`))
    expect(made[at + 1]).toBe(`GRANT SELECT ON ${view} TO event_exporter`)
    expect(made.slice(0, at)).toContain('CREATE ROLE event_exporter')
  }
})

/** What was run before the recording, with the names that it gave made ours. */
const renamed = [
  [/(fct_customer_events|dim_deployments|organization_alert)_deployments2?\b/g, '$1'],
  [
    /\bdeployments2_src\b|'deployments2'/g,
    match => (match.startsWith("'") ? "'deployments'" : 'deployments'),
  ],
  [/\bdeployments_src\b/g, 'deployments_bytes'],
  [/\bkafka_deployments2\b/g, 'kafka'],
  // What we spell otherwise for v0.26: the bytes become text in a view of their own, which the models read as they read a source; the
  // events are materialized, so that they can be selected from; and the column is called as everywhere else.
  [/from \(select convert_from\(data,'utf8'\)::jsonb as data from deployments_bytes\)/, 'from deployments'],
  [/^create view (fct_customer_events) (?=.*from deployments$)/, 'create materialized view $1 '],
  [/(as alert_cond, organization) from/, '$1 as labels from'],
] as const satisfies readonly (readonly [RegExp, string | ((match: string) => string)])[]

function setupOf(recording: string): string[] {
  const fixture = new URL(
    `../../packages/tail-client/test/fixtures/golden/${recording}/30-story-organization_alert.json`,
    import.meta.url,
  )
  const { setup } = JSON.parse(readFileSync(fixture, 'utf8')) as { setup: string[] }
  const isTail = recording.startsWith('tail')
  return setup.map(sql =>
    renamed
      .filter((_, index) => isTail || index !== 5)
      .reduce((text, [from, to]) => text.replace(from, to as string), normalized(sql)),
  )
}

/** Without comments, case and spacing. */
function normalized(sql: string): string {
  return sql
    .replace(/^--.*$/gm, '')
    .toLowerCase()
    .replace(/\s+/g, ' ')
    .replace(/;\s*$/, '')
    .trim()
}
