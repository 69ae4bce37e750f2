#!/usr/bin/env node
import { readFile } from 'node:fs/promises'
import { parseArgs } from 'node:util'
import { startEngine } from './engine/engine.js'
import { EngineError, reasonOf } from './errors.js'
import type { Engine, EngineOptions, Generation, Retention } from './types.js'

const help = `Usage: mzalert-engine [options]

A SQL engine that speaks the Postgres wire protocol with TAIL and SUBSCRIBE. Runs until SIGINT or SIGTERM.

  --port N            the TCP port to listen on, 0 for any free one      6875
  --host ADDRESS      the address to listen on                           127.0.0.1
  --sql FILE          a script to run first; may be given several times
  --data-dir FOLDER   where the database is kept                         in memory
  --postgres URL      stream the tables and views of this server instead
  --generation NAME   'subscribe', or 'tail' to pose as v0.26            subscribe
  --retain RULE       rows to delete once they are old, as TABLE:EXPRESSION:MS; may be given several times
  --history-ms N      how far back AS OF can resume a view               0
  --max-history-bytes N    what the changes kept for it may take         67108864
  --max-transaction-ms N   how long a transaction may hold up the others 30000
  --cache-dir FOLDER  where the prepared data directory is kept          ~/.cache/mzalert
  --help              this text

EXPRESSION gives milliseconds since 1970 over the table's columns: --retain 'events:event_ts * 1000:60000'
`

/** What the program is told. */
interface Arguments {
  readonly help: boolean
  readonly scripts: readonly string[]
  readonly options: EngineOptions
}

function readArguments(words: readonly string[]): Arguments {
  const { values } = parseArgs({
    args: [...words],
    options: {
      port: { type: 'string', default: '6875' },
      host: { type: 'string' },
      sql: { type: 'string', multiple: true, default: [] },
      'data-dir': { type: 'string' },
      postgres: { type: 'string' },
      generation: { type: 'string' },
      retain: { type: 'string', multiple: true, default: [] },
      'history-ms': { type: 'string' },
      'max-history-bytes': { type: 'string' },
      'max-transaction-ms': { type: 'string' },
      'cache-dir': { type: 'string' },
      help: { type: 'boolean', short: 'h', default: false },
    },
  })
  const [cacheDir, dataDir] = [values['cache-dir'], values['data-dir']]
  return {
    help: values.help,
    scripts: values.sql,
    options: {
      port: Number(values.port),
      ...(values.host === undefined ? {} : { host: values.host }),
      // The engine checks it, and says what it takes.
      ...(values.generation === undefined ? {} : { generation: values.generation as Generation }),
      ...(dataDir === undefined ? {} : { dataDir }),
      ...(values.postgres === undefined ? {} : { postgres: values.postgres }),
      retain: values.retain.map(retentionOf),
      ...numberOf('historyMs', values['history-ms']),
      ...numberOf('maxHistoryBytes', values['max-history-bytes']),
      ...numberOf('maxTransactionMs', values['max-transaction-ms']),
      ...(cacheDir === undefined ? {} : { cacheDir }),
    },
  }
}

function numberOf(name: string, text: string | undefined): Record<string, number> {
  return text === undefined ? {} : { [name]: Number(text) }
}

/** The expression may hold colons. What is missing is for the engine to refuse. */
function retentionOf(rule: string): Retention {
  const [, table = rule, timestampMs = '', forMs = ''] = /^([^:]*):(.*):([^:]*)$/s.exec(rule) ?? []
  return { table, timestampMs, forMs: Number(forMs) }
}

/** Resolves when the program is asked to end. A second signal ends it at once, as if nobody listened. */
function signalled(): Promise<void> {
  return new Promise(resolve => {
    for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => resolve())
  })
}

async function main(words: readonly string[]): Promise<void> {
  const { help: wanted, scripts, options } = readArguments(words)
  if (wanted) {
    process.stdout.write(help)
    return
  }
  const signal = signalled()
  let died = (_reason: Error): void => {}
  const death = new Promise<never>((_, reject) => {
    died = reject
  })
  // Whoever waits for it hears of it; before that there is nobody.
  death.catch(() => {})
  await using engine: Engine = await startEngine({
    ...options,
    onEvent: event => {
      if (event.type === 'died') died(new Error(`The engine died: ${event.reason}`))
    },
  })
  for (const file of scripts) await apply(engine, file)
  process.stdout.write(`${engine.url}\n`)
  await Promise.race([signal, death])
}

async function apply(engine: Engine, file: string): Promise<void> {
  try {
    await engine.execute(await readFile(file, 'utf8'))
  } catch (thrown) {
    throw EngineError.is(thrown) ? new Error(`${file}: ${thrown.message}`) : thrown
  }
}

main(process.argv.slice(2)).catch((thrown: unknown) => {
  const [line = ''] = reasonOf(thrown).split('\n')
  process.stderr.write(`mzalert-engine: ${line}\n`)
  process.exitCode = 1
})
