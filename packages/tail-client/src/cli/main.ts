#!/usr/bin/env node
import { writeFile } from 'node:fs/promises'
import { systemClock } from '../clock.js'
import { TailError, type TailErrorCode } from '../errors.js'
import { loadToken, saveToken } from '../stores/file.js'
import { checkKey } from '../stream/keys.js'
import { type Tail, tail } from '../tail.js'
import type { TailOptions } from '../types/options.js'
import type { UnknownRow } from '../types/update.js'
import { type Arguments, help, readArguments, sourceOf } from './arguments.js'
import { describeAll, type Patience } from './connection.js'
import { explain } from './explain.js'
import { follow } from './follow.js'
import { JsonText } from './json.js'
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

/** How long a signal waits for the reader to take over the lines that are on their way. */
const graceMs = 1000

async function main(words: readonly string[]): Promise<void> {
  const told = readArguments(words, process.env)
  if (told.command === 'help') return print(help)
  const stop = new AbortController()
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.once(signal, () => stop.abort())
  const patience = { clock: systemClock, timeLimitMs: told.timeLimitMs, signal: stop.signal }
  try {
    if (told.command === 'types') await types(told, patience)
    else if (told.command === 'explain') await explained(told, patience)
    else await stream(told, stop)
  } catch (error) {
    if (error !== stop.signal.reason) throw error
  }
}

/** A reader that has left is an end and no error. */
async function print(text: string): Promise<void> {
  await new Output(process.stdout, () => {}).write(text)
}

async function explained(told: Arguments, patience: Patience): Promise<void> {
  const [description] = await describeAll(told.url, told.sources.map(sourceOf), patience)
  if (description) await print(await explain(told, description, patience))
}

async function types({ url, sources, out }: Arguments, patience: Patience): Promise<void> {
  const descriptions = await describeAll(url, sources, patience)
  const relations = descriptions.map((each, at) => ({ ...each, name: sources[at] ?? '' }))
  const text = moduleText(relations)
  if (out === undefined) await print(text)
  else await writeFile(out, text)
}

async function stream(told: Arguments, stop: AbortController): Promise<void> {
  const rows = tail(sourceOf(told.sources[0] ?? ''), optionsOf(told))
  stop.signal.addEventListener('abort', () => void rows.close())
  const isTable = process.stdout.isTTY && !told.lines
  const failure = isTable ? await onScreen(rows, told) : await inLines(rows, told, stop)
  if (failure) throw failure
}

async function inLines(rows: Tail, told: Arguments, stop: AbortController): Promise<TailError | undefined> {
  const { changes, once, progress, from } = told
  const failure = firstFailure(rows, told.wait, complain)
  if (changes)
    rows.events.on('connected', ({ columns }) =>
      checkKey<UnknownRow>(
        changes,
        columns.map(({ name }) => name),
      ),
    )
  const output = new Output(process.stdout, () => stop.abort())
  let grace: { readonly clear: () => void } | undefined
  stop.signal.addEventListener('abort', () => {
    grace = systemClock.setTimer(() => output.letGo(), graceMs)
  })
  try {
    await follow(rows.batches(changes ? {} : { partRows: 2000 }), {
      write: text => output.write(text),
      changes,
      once,
      progress,
      written: from === undefined ? undefined : batch => batch.commit(),
    })
    return failure()
  } catch (error) {
    throw failure() ?? forFile(error, from)
  } finally {
    grace?.clear()
    // A reader that stands still would hold up the end for ever.
    if (output.isStuck) process.exit()
  }
}

function optionsOf({ url, snapshot, from, wait, lines }: Arguments): TailOptions {
  return {
    connection: url,
    snapshot,
    waitForRelation: wait,
    jsonb: lines ? text => new JsonText(text) : 'string',
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
function firstFailure(rows: Tail, wait: boolean, tell: (words: string) => void): () => TailError | undefined {
  let hasConnected = false
  let failure: TailError | undefined
  rows.events.on('connected', () => {
    hasConnected = true
  })
  // 00000 is what a server says to everybody at login.
  rows.events.on('notice', ({ message, sqlState }) => {
    if (sqlState !== '00000') tell(message)
  })
  rows.events.on('retry', ({ error, delayMs }) => {
    if (hasConnected || wait)
      return tell(`${error.message} Trying again in ${(delayMs / 1000).toFixed(1)} s.`)
    failure = error
    void rows.close()
  })
  return () => failure
}

async function onScreen(rows: Tail, told: Arguments): Promise<TailError | undefined> {
  let columns: readonly string[] = []
  let notice = ''
  rows.events.on('connected', event => {
    columns = event.columns.map(({ name }) => name)
    notice = ''
  })
  const failure = firstFailure(rows, told.wait, words => {
    notice = words
  })
  const live = rows.collection()
  const { stdout } = process
  try {
    await show(live, {
      title: told.sources[0] ?? '',
      clock: systemClock,
      wallMs: () => Date.now(),
      size: () => ({ columns: stdout.columns || 80, rows: stdout.rows || 24 }),
      write: text => void stdout.write(text),
      columns: () => columns,
      notice: () => notice,
    })
    return failure()
  } catch (error) {
    throw failure() ?? error
  }
}

/** What is wrong with a file of a token is said with its name. */
function forFile(error: unknown, file: string | undefined): unknown {
  if (file === undefined || !TailError.is(error) || error.code !== 'HISTORY_LOST') return error
  return new TailError(
    'HISTORY_LOST',
    `What came after the token is not to be had any more, or cannot be trusted (TAIL). Remove ${file} to begin anew.`,
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
