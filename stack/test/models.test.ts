import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { models } from '../src/models.js'

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

test('the models are the ones that ran on a real Materialize', () => {
  const fixture = new URL(
    '../../packages/tail-client/test/fixtures/golden/subscribe-v0.147/30-story-organization_alert.json',
    import.meta.url,
  )
  const { setup } = JSON.parse(readFileSync(fixture, 'utf8')) as { setup: string[] }
  const recorded = setup.filter(sql => sql.startsWith('create view')).map(normalized)
  const ours = models('local').map(({ sql }) => normalized(sql))
  expect(recorded).toHaveLength(3)
  for (const sql of recorded) expect(ours).toContain(sql)
})

/** Without comments, case, spacing, and the suffix that the recording gave its names. */
function normalized(sql: string): string {
  return sql
    .replace(/^--.*$/gm, '')
    .toLowerCase()
    .replace('deployments2_src', 'deployments')
    .replace(/_deployments2/g, '')
    .replace(/\s+/g, ' ')
    .replace(/;\s*$/, '')
    .trim()
}
