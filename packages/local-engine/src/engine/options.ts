import { homedir } from 'node:os'
import { join } from 'node:path'
import { invalidOption } from '../errors.js'
import { unusable } from '../evaluate/socket.js'
import type { EngineEvent, EngineOptions, Retention } from '../types.js'

/** All options, checked, with their defaults. */
export type CompleteOptions = Required<Omit<EngineOptions, 'postgres' | 'dataDir'>> & {
  readonly postgres: string | undefined
  readonly dataDir: string | undefined
}

/** Checks everything before anything happens. Throws `INVALID_OPTION`. */
export function completeOptions({
  host = '127.0.0.1',
  port = 0,
  generation = 'subscribe',
  postgres,
  nowMs = Date.now,
  cacheDir = defaultCacheDir(),
  dataDir,
  retain = [],
  historyMs = 0,
  maxHistoryBytes = 64 * 1024 * 1024,
  maxCopyInBytes = 64 * 1024 * 1024,
  maxTransactionMs = 30_000,
  onEvent = () => {},
}: EngineOptions): CompleteOptions {
  check('host', host, isText(host), 'an address to listen on')
  check('port', port, isWhole(port, 0, 65535), 'a whole number from 0 to 65535')
  check('generation', generation, ['tail', 'subscribe'].includes(generation), "'tail' or 'subscribe'")
  const wrong = postgres === undefined ? undefined : unusable(postgres)
  // Without the value: it may hold a password.
  check('postgres', `not a URL (${wrong})`, wrong === undefined, 'a postgres:// URL')
  const clock = steadily(nowMs)
  check('nowMs', nowMs, Number.isFinite(clock()), 'a function that gives milliseconds since 1970')
  check('cacheDir', cacheDir, isText(cacheDir), 'a folder')
  const isFolder = dataDir === undefined || (isText(dataDir) && postgres === undefined)
  check('dataDir', dataDir, isFolder, 'a folder, and no postgres URL')
  check('historyMs', historyMs, isWhole(historyMs, 0), 'a whole number of milliseconds, or 0 for no history')
  check('maxHistoryBytes', maxHistoryBytes, isWhole(maxHistoryBytes, 0), 'a whole number of bytes')
  const isLoadable = isWhole(maxCopyInBytes, 1, 2 ** 29)
  check('maxCopyInBytes', maxCopyInBytes, isLoadable, 'a whole number from 1 to 536870912')
  const isDuration = isWhole(maxTransactionMs, 1)
  check('maxTransactionMs', maxTransactionMs, isDuration, 'a whole number of milliseconds, at least 1')
  check('onEvent', onEvent, typeof onEvent === 'function', 'a function')
  for (const [i, each] of retain.entries()) checkRetention(`retain[${i}]`, each)
  return {
    host,
    port,
    generation,
    postgres,
    nowMs: clock,
    cacheDir,
    dataDir,
    retain,
    historyMs,
    maxHistoryBytes,
    maxCopyInBytes,
    maxTransactionMs,
    onEvent: quietly(onEvent),
  }
}

function checkRetention(name: string, { table, timestampMs, forMs }: Retention): void {
  check(`${name}.table`, table, isText(table), "a table's name")
  const wanted = 'a SQL expression that gives milliseconds since 1970'
  check(`${name}.timestampMs`, timestampMs, isText(timestampMs), wanted)
  check(`${name}.forMs`, forMs, Number.isFinite(forMs) && forMs >= 1, 'at least 1 millisecond')
}

function check(name: string, value: unknown, isRight: boolean, wanted: string): void {
  if (!isRight) throw invalidOption(name, value, wanted)
}

function isText(value: unknown): boolean {
  return typeof value === 'string' && value.trim() !== ''
}

function isWhole(value: unknown, least: number, most: number = Number.MAX_SAFE_INTEGER): boolean {
  return typeof value === 'number' && Number.isInteger(value) && value >= least && value <= most
}

/** A clock that throws gives no time: that must not stop the engine. */
function steadily(nowMs: () => number): () => number {
  return () => {
    try {
      return nowMs()
    } catch {
      // As one that stands still.
      return Number.NaN
    }
  }
}

/** A listener that throws must not stop the engine. */
function quietly(onEvent: (event: EngineEvent) => void): (event: EngineEvent) => void {
  return event => {
    try {
      onEvent(event)
    } catch {
      // The listener's own business.
    }
  }
}

function defaultCacheDir(): string {
  const base = process.env['XDG_CACHE_HOME']
  return join(base === undefined || base === '' ? join(homedir(), '.cache') : base, 'mzalert')
}
