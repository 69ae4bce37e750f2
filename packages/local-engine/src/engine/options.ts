import { homedir } from 'node:os'
import { join } from 'node:path'
import { invalidOption } from '../errors.js'
import { unusable } from '../evaluate/socket.js'
import type { EngineEvent, EngineOptions, Retention } from '../types.js'

/** All options, checked, with their defaults. */
export type Settled = Required<Omit<EngineOptions, 'postgres' | 'dataDir'>> & {
  readonly postgres: string | undefined
  readonly dataDir: string | undefined
}

/** Checks everything before anything happens. Throws `INVALID_OPTION`. */
export function settle(options: EngineOptions): Settled {
  const { host = '127.0.0.1', port = 0, generation = 'subscribe', nowMs = Date.now, retain = [] } = options
  const { maxCopyInBytes = 64 * 1024 * 1024, cacheDir = defaultCacheDir(), onEvent = () => {} } = options
  const { postgres, dataDir } = options
  const { historyMs = 0, maxHistoryBytes = 64 * 1024 * 1024 } = options
  if (typeof host !== 'string' || host === '') throw invalidOption('host', host, 'an address to listen on')
  if (!Number.isInteger(port) || port < 0 || port > 65535) {
    throw invalidOption('port', port, 'a whole number from 0 to 65535')
  }
  if (generation !== 'tail' && generation !== 'subscribe') {
    throw invalidOption('generation', generation, "'tail' or 'subscribe'")
  }
  const wrong = postgres === undefined ? undefined : unusable(postgres)
  // Without the value: it may hold a password.
  if (wrong !== undefined) throw invalidOption('postgres', `not a URL (${wrong})`, 'a postgres:// URL')
  if (typeof nowMs !== 'function' || !Number.isFinite(nowMs())) {
    throw invalidOption('nowMs', nowMs, 'a function that gives milliseconds since 1970')
  }
  if (typeof cacheDir !== 'string' || cacheDir === '') throw invalidOption('cacheDir', cacheDir, 'a folder')
  if (dataDir !== undefined && (typeof dataDir !== 'string' || dataDir === '' || postgres !== undefined)) {
    throw invalidOption('dataDir', dataDir, 'a folder, and no postgres URL')
  }
  if (!Number.isSafeInteger(maxCopyInBytes) || maxCopyInBytes < 1 || maxCopyInBytes > 2 ** 29) {
    throw invalidOption('maxCopyInBytes', maxCopyInBytes, 'a whole number from 1 to 536870912')
  }
  if (!Number.isSafeInteger(historyMs) || historyMs < 0)
    throw invalidOption('historyMs', historyMs, 'a whole number of milliseconds, or 0 for no history')
  if (!Number.isSafeInteger(maxHistoryBytes) || maxHistoryBytes < 0)
    throw invalidOption('maxHistoryBytes', maxHistoryBytes, 'a whole number of bytes')
  if (typeof onEvent !== 'function') throw invalidOption('onEvent', onEvent, 'a function')
  for (const [i, each] of retain.entries()) checkRetention(`retain[${i}]`, each)
  const history = { historyMs, maxHistoryBytes }
  return {
    host,
    port,
    generation,
    postgres,
    dataDir,
    nowMs,
    retain,
    maxCopyInBytes,
    cacheDir,
    ...history,
    onEvent: quietly(onEvent),
  }
}

function checkRetention(name: string, { table, timestampMs, forMs }: Retention): void {
  if (typeof table !== 'string' || table.trim() === '')
    throw invalidOption(`${name}.table`, table, "a table's name")
  if (typeof timestampMs !== 'string' || timestampMs.trim() === '') {
    throw invalidOption(
      `${name}.timestampMs`,
      timestampMs,
      'a SQL expression that gives milliseconds since 1970',
    )
  }
  if (!Number.isFinite(forMs) || forMs < 1)
    throw invalidOption(`${name}.forMs`, forMs, 'at least 1 millisecond')
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
