#!/usr/bin/env node
import { readFile } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import { directAlerts, readConfig } from './direct.js'

const own = fileURLToPath(new URL('../alerts.yaml', import.meta.url))

const help = `Sends the rows of alert views to Alertmanager, Slack and others, as a YAML file says.

  node dist/main.js [file]     by default ${own}

The file says which variables of the environment it takes: MZ_URL, ALERTMANAGER_URL, SLACK_WEBHOOK_URL, …
What happens is told on standard error. SIGINT or SIGTERM ends it: what waits is sent first, and nothing is resolved.`

/** Runs until it is told to stop, or until a stream is over; gives the exit code. */
async function main(file: string): Promise<number> {
  const config = readConfig(await readFile(file, 'utf8'), process.env)
  const stopped = new Promise<'stopped'>(resolve => {
    for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => resolve('stopped'))
  })
  const running = directAlerts(config, line => console.error(line))
  running.ready.then(
    () => {
      const { length } = running.notifiers
      console.error(length === 1 ? '1 view is watched' : `${length} views are watched`)
    },
    // Either it was told to stop, or `failed` says the same.
    () => {},
  )
  // What went wrong has been told already. Whoever starts it again gives its alerts a new stream.
  const code = await Promise.race([stopped, running.failed]).then(
    () => 0,
    () => 1,
  )
  await running.close()
  return code
}

if (process.argv.includes('--help') || process.argv.includes('-h')) console.log(help)
else
  main(process.argv[2] ?? own).then(
    code => process.exit(code),
    (error: unknown) => {
      console.error(error instanceof Error ? error.message : String(error))
      process.exit(1)
    },
  )
