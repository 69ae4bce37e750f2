import { describe, expect, test } from 'vitest'
import { checkConfig, problemText } from '../../src/exporter/config.js'

const minimal = `connections:
  main: postgres://materialize@127.0.0.1:6875/materialize
views:
  - view: organization_alert
    labels:
      alert_cond: alert_cond
      organization: labels
`

/** What is said about a file, line by line. */
function problemsOf(text: string, environment: Readonly<Record<string, string>> = {}): readonly string[] {
  const checked = checkConfig(text, environment)
  return 'views' in checked ? [] : checked.map(problem => problemText('c.yaml', problem))
}

test('the smallest configuration is a connection and a view', () => {
  expect(checkConfig(minimal, {})).toMatchObject({
    views: [
      {
        view: 'organization_alert',
        connection: 'postgres://materialize@127.0.0.1:6875/materialize',
        labels: { alert_cond: 'alert_cond', organization: 'labels' },
      },
    ],
  })
})

test('everything that a view may be told is told to the bridge, durations in milliseconds', () => {
  const checked = checkConfig(
    `connections:
  main: { host: db, port: 6875, user: u, database: d, ssl: true, settings: { cluster: alerts } }
  other: postgres://other
views:
  - view: a
    connection: main
    query: SELECT organization, n FROM t
    name: a_gauge
    help: All of it.
    labels: { organization: organization, region: { value: eu } }
    value: { column: n }
    collisions: sum
    nulls: { sentinel: none }
    maxLabelBytes: 200
    maxSeries: 100
    overLimit: fail
    onRemove: { zeroFor: 1m }
    onDisconnect: { holdFor: 1.5h }
    staleAfter: 500ms
  - { view: b, connection: other, labels: {}, onRemove: delete, onDisconnect: fail-scrape, nulls: skip }
listen: { host: 0.0.0.0, port: 0, maxConnections: 10, maxHeaderBytes: 8192 }
ready: { maxLag: 30s }
tail: { waitForRelation: false, connectTimeout: 5s, progressTimeout: 10s, snapshotTimeout: 1m }
log: { level: warn }
`,
    {},
  )
  expect(checked).toMatchObject({
    views: [
      {
        connection: { host: 'db', ssl: true, settings: { cluster: 'alerts' } },
        query: { text: 'SELECT organization, n FROM t' },
        labels: { region: { value: 'eu' } },
        onRemove: { zeroForMs: 60_000 },
        onDisconnect: { holdForMs: 5_400_000 },
        staleAfterMs: 500,
      },
      { connection: 'postgres://other', onRemove: 'delete', onDisconnect: 'fail-scrape', nulls: 'skip' },
    ],
  })
})

describe('the environment', () => {
  test('is put in where it is named, with a default where there is none, and as a number where one belongs', () => {
    const text = minimal.replace('127.0.0.1', '${HOST:-localhost}').concat('listen: { port: "${PORT}" }\n')
    expect(checkConfig(text, { PORT: '9000' })).toMatchObject({
      config: { listen: { port: 9000 }, connections: { main: expect.stringContaining('@localhost:') } },
    })
  })

  test('B38: cannot change what the file says elsewhere', () => {
    const text = minimal.concat('log: { level: "${LEVEL}" }\n')
    expect(problemsOf(text, { LEVEL: 'info }\nlisten: { host: 0.0.0.0' })).toEqual([
      expect.stringContaining('log.level is "info }\\nlisten: { host: 0.0.0.0". It takes debug, info'),
    ])
  })

  test('that lacks a variable is told where it is asked for; two dollars are one', () => {
    expect(problemsOf(minimal.replace('127.0.0.1', '${MZ_HOST}'))).toEqual([
      'c.yaml:2:9: The variable MZ_HOST is not set. Set it, or write ${MZ_HOST:-a default}; for the text itself write $${MZ_HOST}.',
    ])
    expect(
      checkConfig(
        minimal.replace('alert_cond\n', () => '"$${x}"\n'),
        {},
      ),
    ).toMatchObject({
      views: [{ labels: { alert_cond: '${x}' } }],
    })
  })
})

describe('what is wrong is told with its place, and what to write instead:', () => {
  test.each([
    [
      'a key that was mistyped',
      minimal.replace('labels:\n', 'lables:\n'),
      [
        'c.yaml:4:5: views[0].labels is missing. It takes label names, and the columns that fill them; it may be {}.',
        'c.yaml:5:5: views[0].lables is not known. Write labels instead.',
      ],
    ],
    [
      'a key that nobody knows',
      `${minimal}metrics: {}\n`,
      [
        'c.yaml:8:1: metrics is not known. It takes connections, views, listen, ready, remoteWrite, tail, log.',
      ],
    ],
    [
      'a value of another kind',
      `${minimal}listen: { port: many }\n`,
      ['c.yaml:8:17: listen.port is "many". It takes a port, 0 to 65535; default: 9884.'],
    ],
    [
      'one of several that is none of them',
      minimal.concat('    value: { colum: n }\n'),
      [
        'c.yaml:8:12: views[0].value is {"colum":"n"}. It takes { column: a column }, { ageOf: a column } or { multiplicity: true }; default: 1.',
      ],
    ],
    [
      'a duration without a unit',
      minimal.concat('    staleAfter: 30\n'),
      [
        "c.yaml:8:17: views[0].staleAfter is \"30\". It takes a duration such as '500ms', '30s', '5m' or '1h'.",
      ],
    ],
    [
      'a value that was forgotten',
      `${minimal}listen:\n  port:\n`,
      ['c.yaml:9:8: There is no value. Write one, or leave the key out.'],
    ],
    [
      'YAML that is none',
      'views: [',
      ['c.yaml:1:9: Flow sequence in block collection must be sufficiently indented and end with a ].'],
    ],
    ['nothing', '', ['c.yaml:1:1: The file is null. It takes at least connections and views.']],
    [
      'a connection that there is not',
      minimal.concat('    connection: mian\n'),
      ['c.yaml:8:17: views[0].connection is mian, which is no connection. Write main instead.'],
    ],
    [
      'a view of which nobody knows where it is',
      minimal.replace('views:', '  b: postgres://b\nviews:'),
      ['c.yaml:5:5: views[0].connection is missing, and there are several connections. Name one of main, b.'],
    ],
    [
      'a label that Prometheus would rename',
      minimal.replace('organization: labels', 'job: labels'),
      [
        'c.yaml:7:7: A label of view "organization_alert", of column "labels", cannot be called "job". Prometheus sets it for the target and would rename this one to exported_job. Choose another name for it.',
      ],
    ],
    [
      'a policy that does not go with another',
      minimal.concat('    collisions: count\n    value: { column: n }\n'),
      [
        'c.yaml:9:12: value of organization_alert is {"column":"n"}. It takes nothing where collisions is "count": the number of rows is the value.',
      ],
    ],
    [
      'a password that is no text',
      minimal.replace(
        'postgres://materialize@127.0.0.1:6875/materialize',
        '{ host: db, password: [s3cret] }',
      ),
      [
        'c.yaml:2:31: connections.main.password cannot be used (not shown: it may hold a password). It takes a text; better a variable of the environment than the password itself.',
      ],
    ],
    [
      'a key of a connection that was mistyped, not the password beside it',
      minimal.replace('postgres://materialize@127.0.0.1:6875/materialize', '{ hots: db, password: s3cret }'),
      [
        'c.yaml:2:9: connections.main.host is missing. It takes a text.',
        'c.yaml:2:11: connections.main.hots is not known. Write host instead.',
      ],
    ],
    [
      'a connection that is no URL',
      minimal.replace('postgres://', 'mysql://u:s3cret@'),
      [
        'c.yaml:2:9: connections.main cannot be used (not shown: it may hold a password). It takes a postgres:// URL, or host, port, user, database, password, ssl.',
      ],
    ],
    [
      'a connection where its name belongs',
      minimal.concat('    connection: postgres://u:s3cret@h/d\n'),
      [
        'c.yaml:8:17: views[0].connection cannot be used (not shown: it may hold a password). It takes the name of a connection. There is main.',
      ],
    ],
    [
      'a URL that cannot be read',
      minimal.replace('127.0.0.1:6875', 'u:s3cret@db:notaport'),
      [
        'c.yaml:2:9: connections.main is "not a URL that can be read (not shown: it may hold a password)". It takes postgres://user:password@host:port/database.',
      ],
    ],
    [
      'a receiver that is no URL',
      `${minimal}remoteWrite: { url: "http://" }\n`,
      [
        'c.yaml:8:21: remoteWrite.url cannot be used (not shown: it may hold a password). It takes an http:// or https:// URL.',
      ],
    ],
    [
      'a label that Prometheus would not take from a push',
      `${minimal}remoteWrite: { url: "http://h/", labels: { a-b: x } }\n`,
      [
        'c.yaml:8:42: remoteWrite.labels is {"a-b":"x"}. It takes names of letters, digits and _, and no digit or __ first.',
      ],
    ],
    [
      'a label of a push that a view has already',
      `${minimal}remoteWrite: { url: "http://h/", labels: { organization: x } }\n`,
      [
        'c.yaml:8:44: remoteWrite.labels.organization is a label that series have already: those without it would be taken for others. Choose another name for it.',
      ],
    ],
    ...['ready: { maxLag: 0s }', 'tail: { connectTimeout: 0.0m }', 'listen: { headerTimeout: 0ms }'].map(
      (line): [string, string, string[]] => [
        `a duration that is none: ${line}`,
        `${minimal}${line}\n`,
        [expect.stringMatching(/^c.yaml:8:\d+: \w+\.\w+ is "0.*". It takes a duration/) as string],
      ],
    ),
    [
      'two views of one name',
      minimal.concat('  - { view: organization_alert, labels: {} }\n'),
      [
        'c.yaml:8:13: The name "organization_alert" is taken by another view of this bridge. Give one of them another name, and its SELECT as query.',
      ],
    ],
  ])('B38: %s, and no secret is', (_what, text, told) => {
    expect(problemsOf(text)).toEqual(told)
    expect(problemsOf(text).join()).not.toContain('s3cret')
  })
})
