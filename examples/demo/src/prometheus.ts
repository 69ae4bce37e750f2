import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import {
  accessSync,
  constants,
  cpSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { freePort } from './ports.js'
import { receiver } from './receiver.js'

const host = '127.0.0.1'
const stack = fileURLToPath(new URL('../../../stack/', import.meta.url))

/** Prometheus and Alertmanager, running beside the demo. */
export interface Monitors {
  readonly addresses: readonly (readonly [name: string, address: string])[]
  readonly alertmanagerUrl: string
  readonly close: () => Promise<void>
}

/**
 * Starts prometheus and alertmanager on the stack's own configuration, with the services' names replaced by local addresses,
 * and a receiver that tells what Alertmanager sends. Undefined, with a notice, if the programs are not on the PATH.
 */
export async function startPrometheus(
  metricsUrl: string,
  say: (text: string) => void,
): Promise<Monitors | undefined> {
  const prometheus = onPath(['prometheus'])
  // Debian calls it by another name.
  const alertmanager = onPath(['alertmanager', 'prometheus-alertmanager'])
  if (!prometheus || !alertmanager) {
    say('prometheus or alertmanager is not on the PATH: --prometheus starts nothing')
    return undefined
  }
  const [prometheusPort, alertmanagerPort, webhookPort] = [
    await freePort(9090, host),
    await freePort(9093, host),
    await freePort(9094, host),
  ]
  const folder = mkdtempSync(path.join(tmpdir(), 'mzalert-demo-'))
  const local = {
    'exporter:9884': new URL(metricsUrl).host,
    'alertmanager:9093': `${host}:${alertmanagerPort}`,
    'webhook:9094': `${host}:${webhookPort}`,
  }
  const configuration = (file: string): string => rewrite(file, folder, local)
  // Its rules are beside Prometheus' configuration; who else is scraped in the stack is not here.
  for (const each of ['prometheus/rules.yml', 'mixin'])
    cpSync(path.join(stack, each), path.join(folder, each), { recursive: true })
  const webhook = receiver<Notification>(({ alerts }) => {
    for (const { status, annotations } of alerts)
      say(`Alertmanager: ${status}: ${annotations['summary'] ?? ''}`)
  })
  await once(webhook.listen(webhookPort, host), 'listening')
  const children = [
    spawn(prometheus, [
      `--config.file=${configuration('prometheus/prometheus.yml')}`,
      `--storage.tsdb.path=${path.join(folder, 'data')}`,
      `--web.listen-address=${host}:${prometheusPort}`,
    ]),
    spawn(alertmanager, [
      `--config.file=${configuration('alertmanager/alertmanager.yml')}`,
      `--storage.path=${path.join(folder, 'alertmanager')}`,
      `--web.listen-address=${host}:${alertmanagerPort}`,
      '--cluster.listen-address=',
    ]),
  ]
  for (const child of children) {
    child.stderr.resume()
    child.stdout.resume()
    child.once('error', error => say(`${child.spawnfile}: ${error.message}`))
    // Also where nobody gets to close them: on an error, or when the time for that is over.
    const orphaned = (): boolean => child.kill('SIGKILL')
    process.once('exit', orphaned)
    child.once('close', () => process.off('exit', orphaned))
  }
  return {
    alertmanagerUrl: `http://${host}:${alertmanagerPort}`,
    addresses: [
      ['Prometheus', `http://${host}:${prometheusPort}/alerts`],
      ['Alertmanager', `http://${host}:${alertmanagerPort}/`],
    ],
    close: async () => {
      webhook.close()
      webhook.closeAllConnections()
      await Promise.all(children.map(ended))
      rmSync(folder, { recursive: true, force: true })
    },
  }
}

/** Where the first of these programs is on the PATH. */
export function onPath(names: readonly string[]): string | undefined {
  const folders = (process.env['PATH'] ?? '').split(path.delimiter)
  return names
    .flatMap(name => folders.map(folder => path.join(folder, name)))
    .find(file => {
      try {
        accessSync(file, constants.X_OK)
        return true
      } catch {
        return false
      }
    })
}

function rewrite(file: string, folder: string, names: Readonly<Record<string, string>>): string {
  const target = path.join(folder, file)
  mkdirSync(path.dirname(target), { recursive: true })
  writeFileSync(
    target,
    Object.entries(names).reduce(
      (text, [name, address]) => text.replaceAll(name, address),
      readFileSync(path.join(stack, file), 'utf8'),
    ),
  )
  return target
}

interface Notification {
  readonly alerts: readonly {
    readonly status: string
    readonly annotations: Readonly<Record<string, string>>
  }[]
}

function ended(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return Promise.resolve()
  return new Promise(resolve => {
    child.once('close', () => resolve())
    child.kill('SIGTERM')
  })
}
