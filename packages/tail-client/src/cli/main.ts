#!/usr/bin/env node
import { writeFile } from 'node:fs/promises'
import { systemClock } from '../clock.js'
import { TailError, type TailErrorCode } from '../errors.js'
import { loadToken, saveToken } from '../stores/file.js'
import { type Tail, tail } from '../tail.js'
import type { TailOptions } from '../types.js'
import { type Arguments, help, readArguments, sourceOf } from './arguments.js'
import { describeAll } from './connection.js'
import { explain } from './explain.js'
import { follow } from './follow.js'
import { Output } from './output.js'
import { show } from './screen.js'
import { moduleText } from './typescript.js'

const notConnected: readonly TailErrorCode[] = [
  'CONNECTION_REFUSED',
  'CONNECT_TIMEOUT',
  'CONNECTION_LOST',
  'AUTH_FAILED',
  'TLS_FAILED',
  'SERVER_BUSY',
  'SERVER_SHUTDOWN',
]

async function main(words: readonly string[]): Promise<void> {
  const told = readArguments(words, process.env)
  if (told.command === 'help') return void process.stdout.write(help)
  const stop = new AbortController()
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.once(signal, () => stop.abort())
  if (told.command === 'types') return types(told)
  if (told.command === 'explain') return explained(told)
  return stream(told, stop)
}

async function explained(told: Arguments): Promise<void> {
  const [description] = await describeAll(told.url, told.sources.map(sourceOf))
  if (description) process.stdout.write(await explain(told, description, systemClock))
}

async function types({ url, sources, out }: Arguments): Promise<void> {
  const descriptions = await describeAll(url, sources)
  const relations = descriptions.map((each, at) => ({ ...each, name: sources[at] ?? '' }))
  const text = moduleText(relations)
  if (out === undefined) process.stdout.write(text)
  else await writeFile(out, text)
}

async function stream(told: Arguments, stop: AbortController): Promise<void> {
  const rows = tail(sourceOf(told.sources[0] ?? ''), optionsOf(told))
  const failure = firstFailure(rows, told.wait)
  stop.signal.addEventListener('abort', () => void rows.close())
  const output = new Output(process.stdout, () => stop.abort())
  try {
    if (process.stdout.isTTY && !told.json) await onScreen(rows, told)
    else
      await follow(rows.batches(told.changes ? {} : { partRows: 2000 }), {
        write: text => output.write(text),
        changes: told.changes,
        once: told.once,
        progress: told.progress,
        written: told.from === undefined ? undefined : batch => batch.commit(),
      })
    await output.flush()
  } catch (error) {
    throw failure() ?? forFile(error, told.from)
  }
  const first = failure()
  if (first) throw first
}

function optionsOf({ url, snapshot, from, wait }: Arguments): TailOptions {
  return {
    connection: url,
    snapshot,
    waitForRelation: wait,
    ...(from === undefined
      ? {}
      : {
          checkpoint: {
            name: from,
            store: { load: loadToken, save: saveToken },
          },
        }),
  }
}

/** Someone who waits at a prompt is told at once that nothing is there; a stream that ran is brought back. */
function firstFailure(rows: Tail, wait: boolean): () => TailError | undefined {
  let hasConnected = false
  let failure: TailError | undefined
  rows.events.on('connected', () => {
    hasConnected = true
  })
  rows.events.on('notice', ({ message }) => complain(message))
  rows.events.on('retry', ({ error, delayMs }) => {
    if (hasConnected || wait)
      return complain(`${error.message} Trying again in ${(delayMs / 1000).toFixed(1)} s.`)
    failure = error
    void rows.close()
  })
  return () => failure
}

async function onScreen(rows: Tail, told: Arguments): Promise<void> {
  let columns: readonly string[] = []
  rows.events.on('connected', event => {
    columns = event.columns.map(({ name }) => name)
  })
  const live = rows.collection()
  const { stdout } = process
  await show(live, {
    title: told.sources[0] ?? '',
    clock: systemClock,
    wallMs: () => Date.now(),
    size: () => ({ columns: stdout.columns || 80, rows: stdout.rows || 24 }),
    write: text => void stdout.write(text),
    columns: () => columns,
  })
}

/** What is wrong with a file of a token is said with its name. */
function forFile(error: unknown, file: string | undefined): unknown {
  if (file === undefined || !TailError.is(error) || error.code !== 'HISTORY_LOST') return error
  return new TailError(
    'HISTORY_LOST',
    `The server has nothing that old any more. Remove ${file} to begin anew.`,
  )
}

function complain(words: string): void {
  const [line = ''] = words.split('\n')
  process.stderr.write(`mztail: ${line}\n`)
}

process.stderr.on('error', () => {})
main(process.argv.slice(2)).catch((thrown: unknown) => {
  complain(thrown instanceof Error ? thrown.message : String(thrown))
  const code = TailError.is(thrown) ? thrown.code : undefined
  process.exitCode = code === 'INVALID_OPTION' ? 2 : code && notConnected.includes(code) ? 3 : 1
})
