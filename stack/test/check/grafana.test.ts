import { expect, test } from 'vitest'
import { type StackFiles, stackFiles } from '../../src/check/files.js'
import { dashboardProblems, provisioningProblems } from '../../src/check/grafana.js'

const rules = 'grafana/provisioning/alerting/rules.yaml'

function changed(file: string, from: string | RegExp, to: string): StackFiles {
  return stackFiles({
    [file]: text => {
      expect(text).toMatch(from)
      return text.replace(from, to)
    },
  })
}

test('Grafana is given nothing that it would drop, refuse or not find', () => {
  expect(provisioningProblems(stackFiles())).toEqual([])
})

test('with the lines for Slack it is told what it knows, too, and no secret', () => {
  const file = 'grafana/provisioning/alerting/contact-points.yaml'
  const files = changed(file, '#      - uid: mzalert_slack', '      - uid: mzalert_slack')
  const uncommented = stackFiles({ [file]: () => files.text(file).replaceAll(/^# {4}/gm, '    ') })
  expect(uncommented.text(file)).toContain(
    '\n        type: slack\n        settings:\n          url: $SLACK_URL\n',
  )
  expect(provisioningProblems(uncommented)).toEqual([])
})

test.each([
  [rules, 'keepFiringFor: 20s', 'keep_firing_for: 20s'],
  [rules, 'missing_series_evals_to_resolve: 1', 'missingSeriesEvalsToResolve: 1'],
  [rules, 'noDataState: OK', 'noDataState: NoData'],
  [rules, 'severity: warning', 'severity: $severity'],
  [rules, 'condition: C', 'condition: D'],
  [rules, 'datasourceUid: prometheus', 'datasourceUid: prom'],
  ['grafana/provisioning/alerting/policies.yaml', 'receiver: grafana', 'receiver: slack'],
  ['grafana/provisioning/alerting/contact-points.yaml', 'receivers:', 'recievers:'],
  ['grafana/provisioning/datasources/datasources.yaml', 'uid: prometheus', 'uid: prom'],
  ['grafana/provisioning/dashboards/dashboards.yaml', 'allowUiUpdates', 'allow_ui_updates'],
])('a mistake in %s is found: %s', (file, from, to) => {
  expect(provisioningProblems(changed(file, from, to))).not.toEqual([])
})

test('dashboards have an identity, variables that exist, and a query in every panel', () => {
  expect(dashboardProblems(stackFiles())).toEqual([])
  const file = 'mixin/dashboards/pipeline.json'
  for (const [from, to] of [
    ['"uid": "mzalert-pipeline"', '"uid": "mzalert-alerts"'],
    [/"uid": "\$\{datasource\}"/g, '"uid": "abc123"'],
    ['$view', '$vew'],
    [/"targets": \[[^\]]*\]/, '"targets": []'],
  ] as const)
    expect(dashboardProblems(changed(file, from, to)), String(from)).not.toEqual([])
})
