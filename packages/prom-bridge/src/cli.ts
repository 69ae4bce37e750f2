#!/usr/bin/env node
import { readFile } from 'node:fs/promises'
import { parseArgs } from 'node:util'
import { type CheckedConfig, checkConfig, problemText } from './exporter/config.js'
import { findView } from './exporter/connection.js'
import { explanation } from './exporter/explain.js'
import { newLog } from './exporter/log.js'
import { durationMs } from './exporter/options.js'
import { redactor, secretsOf } from './exporter/secrets.js'
import { startExporter } from './exporter/server.js'
import { plans } from './series/plan.js'

const help = `Usage: mzalert-exporter [options]

Serves the rows of SQL views as Prometheus metrics, as a configuration says. Runs until SIGINT or SIGTERM.

  --config FILE      the configuration                                   mzalert-exporter.yaml
  --check-config     checks it, without connecting to anything
  --explain          connects, and shows what each view would make
  --timeout TIME     how long --explain waits for a view                 30s
  --help             this text

Serves /metrics, /-/healthy, /-/ready, /api/alerts as JSON and as server-sent events, and at / a page of what fires now.
`

/** What ends the program with a line for somebody to read. */
class Complaint extends Error {}

async function main(words: readonly string[]): Promise<void> {
  const { values } = parseArgs({
    args: [...words],
    options: {
      config: { type: 'string', default: 'mzalert-exporter.yaml' },
      'check-config': { type: 'boolean', default: false },
      explain: { type: 'boolean', default: false },
      timeout: { type: 'string', default: '30s' },
      help: { type: 'boolean', short: 'h', default: false },
    },
  })
  if (values.help) {
    process.stdout.write(help)
    return
  }
  const checked = await readConfig(values.config)
  if (values['check-config'])
    process.stdout.write(`${values.config}: ${checked.views.length} views, nothing wrong\n`)
  else if (values.explain) await explain(checked, values.timeout)
  else await run(checked)
}

async function readConfig(file: string): Promise<CheckedConfig> {
  const text = await readFile(file, 'utf8').catch((error: NodeJS.ErrnoException) => {
    throw new Complaint(`${file} cannot be read (${error.code}). Name a file with --config.`)
  })
  const checked = checkConfig(text, process.env)
  if (!('views' in checked))
    throw new Complaint(checked.map(problem => problemText(file, problem)).join('\n'))
  return checked
}

/** Every view is looked at, also when one cannot be. */
async function explain({ config, views }: CheckedConfig, timeout: string): Promise<void> {
  const timeoutMs = durationMs(timeout)
  if (!(timeoutMs > 0)) throw new Complaint(`--timeout is ${timeout}. It takes a duration such as 30s.`)
  const redacted = redactor(secretsOf(config))
  for (const plan of plans(views)) {
    const lines = await findView(plan.options, config, timeoutMs)
      .then(found => explanation(plan, found))
      .catch((error: Error) => {
        process.exitCode = 1
        return [`view ${plan.view}: ${error.message}`]
      })
    process.stdout.write(redacted(`${lines.join('\n')}\n`))
  }
}

async function run(checked: CheckedConfig): Promise<void> {
  const { config } = checked
  const log = newLog(config.log?.level ?? 'info', secretsOf(config), line => void process.stderr.write(line))
  const { host = '127.0.0.1', port = 9884 } = config.listen ?? {}
  const exporter = await startExporter(checked, log).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'EADDRINUSE')
      throw new Complaint(`Port ${port} of ${host} is taken. Set listen.port to another one.`)
    throw error
  })
  log.info('Listening.', { url: exporter.url, views: checked.views.map(({ view }) => view) })
  const stop = (signal: string): void => {
    log.info('Closing.', { signal })
    exporter.close().then(
      () => {
        log.info('Closed.')
        process.exitCode = 0
      },
      (error: Error) => {
        log.error('Closing failed.', { problem: error.message })
        process.exitCode = 1
      },
    )
  }
  // The same signal again ends it at once, as if nobody listened.
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, stop)
}

main(process.argv.slice(2)).catch((error: Error) => {
  process.stderr.write(
    `${error instanceof Complaint ? error.message : `mzalert-exporter: ${error.message}`}\n`,
  )
  process.exitCode = 1
})
