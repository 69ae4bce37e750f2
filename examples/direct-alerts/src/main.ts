#!/usr/bin/env node
import { readFile } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import { directAlerts, readConfig } from './direct.js'

const own = fileURLToPath(new URL('../alerts.yaml', import.meta.url))

const help = `Sends the rows of alert views to Alertmanager, Slack and others, as a YAML file says.

  node dist/main.js [file]     by default ${own}

The file says which variables of the environment it takes: MZ_URL, ALERTMANAGER_URL, SLACK_WEBHOOK_URL, …
What happens is told on standard error. SIGINT or SIGTERM ends it: what waits is sent first, and nothing is resolved.`

async function main(file: string): Promise<void> {
  const config = readConfig(await readFile(file, 'utf8'), process.env)
  const running = directAlerts(config, line => console.error(line))
  const stop = (): void => {
    running.close().then(
      () => process.exit(0),
      () => process.exit(1),
    )
  }
  process.once('SIGINT', stop).once('SIGTERM', stop)
  await running.ready
  console.error(`${running.notifiers.length} views are watched`)
}

if (process.argv.includes('--help') || process.argv.includes('-h')) console.log(help)
else
  main(process.argv[2] ?? own).catch((error: unknown) => {
    console.error(error instanceof Error ? error.message : String(error))
    process.exit(1)
  })
