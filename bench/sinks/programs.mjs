import { spawn } from 'node:child_process'
import { accessSync, constants, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { freePort } from '@mzalert/stack/chain'

function onPath(names) {
  const folders = (process.env.PATH ?? '').split(path.delimiter)
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

/** Starts a program of Debian's on a free port with a configuration; undefined, and said so, if it is not installed. */
async function start(names, configuration, flags) {
  const program = onPath(names)
  if (!program) {
    console.log(`${names[0]} is not installed: its part is left out`)
    return undefined
  }
  const folder = mkdtempSync(path.join(tmpdir(), 'mzalert-bench-'))
  for (const [name, text] of Object.entries(configuration)) writeFileSync(path.join(folder, name), text)
  const port = await freePort()
  const child = spawn(program, flags(folder, port), { stdio: 'ignore' })
  const url = `http://127.0.0.1:${port}`
  const isReady = () =>
    fetch(`${url}/-/ready`).then(
      ({ ok }) => ok,
      () => false,
    )
  const close = async () => {
    const ended = new Promise(resolve => child.once('close', resolve))
    // False once it has ended by itself.
    if (child.kill('SIGKILL')) await ended
    rmSync(folder, { recursive: true, force: true })
  }
  const deadline = performance.now() + 60_000
  while (!(await isReady())) {
    if (performance.now() > deadline) {
      await close()
      throw new Error(`${program} was not ready within a minute.`)
    }
    await new Promise(resolve => setTimeout(resolve, 50))
  }
  return { url, close }
}

export function startAlertmanager() {
  const config = "route: { receiver: none, group_by: ['...'] }\nreceivers: [{ name: none }]\n"
  return start(['alertmanager', 'prometheus-alertmanager'], { 'config.yml': config }, (folder, port) => [
    `--config.file=${folder}/config.yml`,
    `--storage.path=${folder}/data`,
    `--web.listen-address=127.0.0.1:${port}`,
    '--cluster.listen-address=',
  ])
}

/** Scrapes and evaluates every second, and tells an Alertmanager of every series of the metric. */
export function startPrometheus({ target, alertmanager, metric }) {
  const config = {
    global: { scrape_interval: '1s', evaluation_interval: '1s' },
    rule_files: ['rules.yml'],
    scrape_configs: [{ job_name: 'bench', static_configs: [{ targets: [target] }] }],
    alerting: { alertmanagers: [{ static_configs: [{ targets: [alertmanager] }] }] },
  }
  const rules = { groups: [{ name: 'bench', rules: [{ alert: 'scraped', expr: `${metric} > 0` }] }] }
  // JSON is YAML.
  const files = { 'prometheus.yml': JSON.stringify(config), 'rules.yml': JSON.stringify(rules) }
  return start(['prometheus'], files, (folder, port) => [
    `--config.file=${folder}/prometheus.yml`,
    `--storage.tsdb.path=${folder}/data`,
    `--web.listen-address=127.0.0.1:${port}`,
  ])
}
