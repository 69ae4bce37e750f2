#!/usr/bin/env node
import pg from 'pg'
import { apply } from './apply.js'
import { defaultParameters, type ModelParameters, models, type Target, targets } from './models.js'

const help = `Brings the sources and models into Materialize; does nothing if they are there.

  --print  prints the SQL instead, for psql

Configured by the environment:
  MZ_URL            where to               postgres://materialize@127.0.0.1:6875/materialize
  TARGET            ${targets.join(', ')}  subscribe
  KAFKA_BROKER      as Materialize sees it ${defaultParameters.kafkaBroker}
  WINDOW_MS         the sliding window     ${defaultParameters.windowMs}
  THRESHOLD         of an organization     ${defaultParameters.threshold}
  ENTERPRISE_LIMIT  of a customer          ${defaultParameters.enterpriseLimit}`

const { MZ_URL: url = 'postgres://materialize@127.0.0.1:6875/materialize' } = process.env

function targetOf(name = 'subscribe'): Target {
  const target = targets.find(each => each === name)
  if (!target) throw new Error(`TARGET is ${JSON.stringify(name)}. It takes ${targets.join(', ')}.`)
  return target
}

/** Variables that are set and not empty. */
function parametersOf(environment: NodeJS.ProcessEnv): ModelParameters {
  const { KAFKA_BROKER, WINDOW_MS, THRESHOLD, ENTERPRISE_LIMIT } = environment
  return {
    ...(KAFKA_BROKER && { kafkaBroker: KAFKA_BROKER }),
    ...(WINDOW_MS && { windowMs: Number(WINDOW_MS) }),
    ...(THRESHOLD && { threshold: Number(THRESHOLD) }),
    ...(ENTERPRISE_LIMIT && { enterpriseLimit: Number(ENTERPRISE_LIMIT) }),
  }
}

async function main(): Promise<void> {
  const target = targetOf(process.env['TARGET'] || undefined)
  const parameters = parametersOf(process.env)
  if (process.argv.includes('--print')) {
    for (const { name, sql } of models(target, parameters)) console.log(`-- ${name}\n${sql}`)
    return
  }
  const client = new pg.Client({ connectionString: url, application_name: 'mzalert-models' })
  await client.connect()
  try {
    const execute = async (sql: string): Promise<Record<string, unknown>[]> => (await client.query(sql)).rows
    console.error(`models: ${await apply(execute, target, parameters)}`)
    // Answers once the sources have been read: then the alerts are true.
    await execute('SELECT * FROM organization_alert')
  } finally {
    await client.end()
  }
}

if (process.argv.includes('--help') || process.argv.includes('-h')) console.log(help)
else
  main().catch((error: Error) => {
    console.error(error.message)
    process.exitCode = 1
  })
