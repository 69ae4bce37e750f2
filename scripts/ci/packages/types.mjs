import { mkdirSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { npmInstall, quietly } from '../../lib/counted.mjs'

const compilers = ['5.7', '5.8', '5.9', '6.0']

/** A program per entry: what a user would write, and what the types must refuse. */
const programs = {
  'tail-client': `import { relation, sql, tail, tailAll, type Relation } from '@mzalert/tail-client'
interface Alert { readonly alert_cond: string; readonly labels: string | null }
const alerts: Relation<Alert> = relation('organization_alert', [{ name: 'alert_cond', oid: 25 }, { name: 'labels', oid: 25 }])
const connection = 'postgres://materialize@localhost:6875/materialize'
export async function run(): Promise<void> {
  for await (const { row } of tail(alerts, { connection, columnNames: 'camelCase' })) { const text: string = row.alertCond; void text }
  for await (const change of tail<Alert>(sql\`select 1\`, { connection }).changes({ key: 'labels' })) void change.previous?.labels
  // @ts-expect-error: no such column
  for await (const { row } of tail(alerts, { connection })) void row.nope
  for await (const { updates } of tailAll({ a: tail(alerts, { connection }) })) void updates.a[0]?.row.labels
}
`,
  'tail-client-testing': `import { messages, progress, ScriptedServer, update } from '@mzalert/tail-client/testing'
export const server: Promise<ScriptedServer> = ScriptedServer.start({
  columns: [{ name: 'labels', oid: 25 }],
  copy: client => client.send(messages.copyOut(4), update(1000, 1, 'B'), progress(1001, 1)),
})
// @ts-expect-error: a script says what COPY answers
void ScriptedServer.start({ columns: [] })
`,
  'prom-bridge': `import { bridge, BridgeError, type Bridge, type BridgeOptions } from '@mzalert/prom-bridge'
import { createServer } from 'node:http'
const options: BridgeOptions = {
  connection: 'postgres://materialize@localhost:6875/materialize',
  views: [{ view: 'organization_alert', labels: { organization: 'labels', kind: { value: 'alert' } }, onRemove: { zeroForMs: 1000 } }],
  onEvent: event => { if (event.type === 'failed') { const code: string = event.error.code; void code } },
}
export const served: Bridge = bridge(options)
createServer(served.handler)
served.events.on('snapshot', ({ rows }) => { const count: number = rows; void count })
// @ts-expect-error: no such policy
bridge({ views: [{ view: 'a', labels: {}, overLimit: 'drop-some' }] })
export const isOurs = (error: unknown): boolean => BridgeError.is(error) && error.retryable
`,
  'prom-bridge-remote-write': `import { bridge } from '@mzalert/prom-bridge'
import { remoteWrite, type RemoteWrite } from '@mzalert/prom-bridge/remote-write'
export const push: RemoteWrite = remoteWrite(bridge({ views: [] }), { url: 'https://localhost/api/v1/write', labels: { job: 'a' } })
// @ts-expect-error: it must know where to
remoteWrite(bridge({ views: [] }), {})
`,
  'alert-sinks': `import { alertmanager, memoryStore, notify, slack, SinksError, type Notifier, type Sink } from '@mzalert/alert-sinks'
import { tail } from '@mzalert/tail-client'
interface Alert { readonly alert_cond: string; readonly labels: string }
const connection = 'postgres://materialize@localhost:6875/materialize'
const own: Sink = { name: 'own', send: ([alert]) => { const status: 'firing' | 'resolved' | undefined = alert?.status; void status } }
export const alerts: Notifier = notify(tail<Alert>('organization_alert', { connection }), {
  name: 'organization_alert',
  labels: { organization: 'labels' },
  sinks: [alertmanager({ url: 'http://localhost:9093' }), slack({ url: () => 'https://localhost/hook' }), own],
  store: memoryStore(),
})
alerts.events.on('firing', ({ annotations }) => { const summary: string | undefined = annotations['summary']; void summary })
// @ts-expect-error: an alert has a name
notify(tail<Alert>('a', { connection }), { labels: { organization: 'labels' }, sinks: [own], store: memoryStore() })
export const isOurs = (error: unknown): boolean => SinksError.is(error)
`,
  'alert-sinks-testing': `import type { Sink } from '@mzalert/alert-sinks'
import { HttpReceiver, sinkConformance, type ConformanceCheck } from '@mzalert/alert-sinks/testing'
declare const sink: Sink
export const checks: readonly ConformanceCheck[] = sinkConformance(async () => {
  const receiver = await HttpReceiver.start()
  return { sink, received: () => String(receiver.requests.length), breakIt: () => undefined, mend: () => undefined }
})
// @ts-expect-error: a harness can mend what it broke
sinkConformance(() => ({ sink, received: () => '', breakIt: () => undefined }))
`,
  'faker-events': `import { events, memory, run, scenarios, virtualClock, type RunStats } from '@mzalert/faker-events'
const story = scenarios.deployments({ seed: 7, customers: 40 })
const range = { from: 0, to: 60_000 }
for (const { timestampMs, value } of events(story, range)) {
  const time: number = timestampMs
  const name: string = value.organization
  void [time, name]
  // @ts-expect-error: no such field
  void value.nope
}
export const stats: Promise<RunStats> = run({ scenario: story, sink: memory(), ...range, clock: virtualClock(0) })
`,
  'local-engine': `import { EngineError, startEngine, type Engine } from '@mzalert/local-engine'
export const engine: Promise<Engine> = startEngine({ port: 0, retain: [{ table: 'events', timestampMs: 'at_ms', forMs: 60_000 }] })
// @ts-expect-error: a time has its unit in its name
void startEngine({ history: 5 })
export const isOurs = (error: unknown): boolean => EngineError.is(error) && error.sqlState === '42P01'
`,
}

/** Compiles a program per entry, as ES module and as CommonJS, with the declarations that are published, libraries checked, too. */
export async function checkTypes(counted, entries, project, folder) {
  const known = Object.keys(programs)
  const missing = entries.filter(
    entry => !known.includes(entry.replace('@mzalert/', '').replaceAll('/', '-')),
  )
  if (missing.length > 0) throw new Error(`no program for ${missing.join(', ')}`)
  for (const extension of ['mts', 'cts'])
    for (const [name, program] of Object.entries(programs))
      writeFileSync(path.join(project, `${name}.${extension}`), program)
  for (const version of compilers) {
    const home = path.join(folder, `typescript-${version}`)
    mkdirSync(home)
    writeFileSync(path.join(home, 'package.json'), '{"private":true}')
    await counted.check(`get TypeScript ${version}`, () =>
      npmInstall(home, `typescript@~${version}.0`, '@types/node@20'),
    )
    for (const extension of ['mts', 'cts']) {
      const config = path.join(project, `tsconfig.${extension}.json`)
      const compilerOptions = {
        noEmit: true,
        strict: true,
        exactOptionalPropertyTypes: true,
        skipLibCheck: false,
        module: 'nodenext',
        target: 'es2022',
        lib: ['es2023', 'esnext.disposable'],
        types: ['node'],
        typeRoots: [path.join(home, 'node_modules/@types')],
      }
      const files = known.map(name => `${name}.${extension}`)
      writeFileSync(config, JSON.stringify({ compilerOptions, files }))
      await counted.check(`the types of every entry in ${extension} on TypeScript ${version}`, () =>
        quietly(
          process.execPath,
          [path.join(home, 'node_modules/typescript/bin/tsc'), '-p', config],
          project,
        ),
      )
    }
  }
}
