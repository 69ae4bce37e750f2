import { parse } from 'yaml'
import type { StackFiles } from './files.js'
import { dashboards } from './metrics.js'

const folder = 'grafana/provisioning'

/** The datasource that whoever looks has chosen. */
const chosen = JSON.stringify({ type: 'prometheus', uid: '$' + '{datasource}' })

type Entry = Readonly<Record<string, unknown>>

/** The keys that Grafana documents for each thing in a file. It drops others in silence, also a known one spelled in the other case. */
const keys: Readonly<Record<string, readonly string[]>> = {
  datasource: [
    'name',
    'uid',
    'type',
    'access',
    'orgId',
    'url',
    'user',
    'database',
    'isDefault',
    'jsonData',
    'secureJsonData',
    'version',
    'editable',
  ],
  provider: [
    'name',
    'orgId',
    'folder',
    'folderUid',
    'type',
    'disableDeletion',
    'updateIntervalSeconds',
    'allowUiUpdates',
    'options',
  ],
  group: ['orgId', 'name', 'folder', 'interval', 'rules'],
  rule: [
    ...['uid', 'title', 'condition', 'data', 'dashboardUid', 'panelId', 'noDataState', 'execErrState', 'for'],
    ...[
      'keepFiringFor',
      'missing_series_evals_to_resolve',
      'annotations',
      'labels',
      'isPaused',
      'notification_settings',
    ],
  ],
  query: ['refId', 'queryType', 'relativeTimeRange', 'datasourceUid', 'model'],
  contactPoint: ['orgId', 'name', 'receivers'],
  receiver: ['uid', 'type', 'settings', 'disableResolveMessage'],
  policy: [
    'orgId',
    'receiver',
    'group_by',
    'group_wait',
    'group_interval',
    'repeat_interval',
    'object_matchers',
    'routes',
    'continue',
    'mute_time_intervals',
  ],
}

function unknownKeys(kind: string, entries: readonly Entry[]): readonly string[] {
  return entries.flatMap(entry =>
    Object.keys(entry)
      .filter(key => !keys[kind]?.includes(key))
      .map(
        key =>
          `${kind} ${String(entry['name'] ?? entry['title'] ?? entry['uid'] ?? '')}: ${key} is not documented`,
      ),
  )
}

const list = (value: unknown): readonly Entry[] => (Array.isArray(value) ? (value as Entry[]) : [])

/** What Grafana would drop, refuse or not find in the provisioning files. */
export function provisioningProblems(files: StackFiles): readonly string[] {
  const read = (file: string): Entry => parse(files.text(`${folder}/${file}`)) as Entry
  const datasources = list(read('datasources/datasources.yaml')['datasources'])
  const groups = list(read('alerting/rules.yaml')['groups'])
  const rules = groups.flatMap(group => list(group['rules']))
  const queries = rules.flatMap(rule => list(rule['data']))
  const points = list(read('alerting/contact-points.yaml')['contactPoints'])
  const policies = list(read('alerting/policies.yaml')['policies'])
  const uids = new Set([...datasources.map(({ uid }) => uid), '__expr__'])
  const receivers = new Set(points.map(({ name }) => name))
  return [
    ...unknownKeys('datasource', datasources),
    ...unknownKeys('provider', list(read('dashboards/dashboards.yaml')['providers'])),
    ...unknownKeys('group', groups),
    ...unknownKeys('rule', rules),
    ...unknownKeys('query', queries),
    ...unknownKeys('contactPoint', points),
    ...unknownKeys(
      'receiver',
      points.flatMap(point => list(point['receivers'])),
    ),
    ...unknownKeys('policy', policies),
    ...queries
      .filter(query => !uids.has(query['datasourceUid']))
      .map(query => `no datasource ${query['datasourceUid']}`),
    ...rules.flatMap(ruleProblems),
    ...policies
      .filter(policy => !receivers.has(policy['receiver']))
      .map(policy => `no contact point ${policy['receiver']}`),
  ]
}

function ruleProblems(rule: Entry): readonly string[] {
  const refs = list(rule['data']).map(({ refId }) => refId)
  const bare = Object.values((rule['labels'] ?? {}) as Entry).filter(value =>
    /(?<!\$)\$(?!\$)/.test(String(value)),
  )
  return [
    ...(refs.includes(rule['condition'] as string)
      ? []
      : [`rule ${rule['title']}: condition ${rule['condition']} is no query`]),
    ...(rule['noDataState'] === 'OK'
      ? []
      : [`rule ${rule['title']}: a view without rows is no data, and that is good`]),
    ...bare.map(
      value => `rule ${rule['title']}: label ${value} would be expanded as a variable of the environment`,
    ),
  ]
}

/** What is wrong with a dashboard that is provisioned from a file. */
export function dashboardProblems(files: StackFiles): readonly string[] {
  const all = dashboards(files)
  const uids = all.map(([, { uid }]) => uid)
  const twice = uids.filter((uid, index) => uids.indexOf(uid) !== index)
  return [
    ...twice.map(uid => `two dashboards are ${uid}`),
    ...all.flatMap(([file, dashboard]) => {
      const variables = new Set(dashboard.templating.list.map(({ name }) => name))
      const used = [...JSON.stringify(dashboard.panels).matchAll(/\$\{?(\w+)\}?/g)].map(
        ([, name = '']) => name,
      )
      const empty = dashboard.panels.filter(({ type, targets }) => type !== 'row' && !targets?.length)
      const elsewhere = dashboard.panels
        .flatMap(({ targets = [] }) => targets)
        .filter(({ datasource }) => JSON.stringify(datasource) !== chosen)
      return [
        ...(/^[a-z-]+$/.test(dashboard.uid) ? [] : [`${file}: uid ${dashboard.uid}`]),
        ...used.filter(name => !variables.has(name)).map(name => `${file}: there is no variable ${name}`),
        ...empty.map(({ title }) => `${file}: ${title} asks nothing`),
        ...elsewhere.map(({ expr }) => `${file}: ${expr} asks a datasource of its own`),
      ]
    }),
  ]
}
