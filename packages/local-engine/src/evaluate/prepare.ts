import { readFile } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import { gunzipSync, gzipSync } from 'node:zlib'
import { PGlite } from '@electric-sql/pglite'
import { reasonOf } from '../errors.js'
import type { CacheUse, EngineEvent } from '../types.js'
import type { BackendOptions } from './backend.js'
import { cachePath, readCache, writeCache } from './cache.js'

/** A database that has started, and where its data directory came from. */
export interface Prepared {
  readonly pglite: PGlite
  readonly cache: CacheUse
  readonly events: readonly EngineEvent[]
}

/** The database that clients see; Materialize's own name for it, so that `materialize.public.t` means what it says. */
export const databaseName = 'materialize'

const settings: readonly string[] = [
  // Everything is in memory and gone with the process: nothing needs to be safe on a disk.
  ...['wal_level=minimal', 'max_wal_senders=0', 'full_page_writes=off', 'synchronous_commit=off'],
  ...['min_wal_size=2MB', 'max_wal_size=32MB', 'shared_buffers=16MB'],
  // Statements are short; compiling them would cost more than it saves.
  'jit=off',
  ...['TimeZone=UTC', 'DateStyle=ISO,MDY', 'mz.now=0', 'mz.cluster=quickstart'],
]

/** Starts PGlite from the prepared data directory, or makes one: seconds the first time, a fraction of one then. */
export async function prepare({ cacheDir }: BackendOptions): Promise<Prepared> {
  const path = cachePath(cacheDir, await pgliteVersion())
  const events: EngineEvent[] = []
  const unavailable = (thrown: unknown): void => {
    events.push({ type: 'cache-unavailable', path, reason: reasonOf(thrown) })
  }
  try {
    const kept = await readCache(path)
    if (kept !== undefined) return { pglite: await open(gunzipSync(kept)), cache: 'found', events }
  } catch (thrown) {
    unavailable(thrown)
  }
  const dataDir = await make()
  let cache: CacheUse = 'made'
  try {
    await writeCache(cacheDir, path, gzipSync(dataDir))
  } catch (thrown) {
    cache = 'none'
    unavailable(thrown)
  }
  return { pglite: await open(dataDir), cache, events }
}

async function open(dataDir: Uint8Array<ArrayBuffer>): Promise<PGlite> {
  return PGlite.create({
    loadDataDir: new Blob([dataDir]),
    database: databaseName,
    startParams: [...PGlite.defaultStartParams, ...settings.flatMap(setting => ['-c', setting])],
  })
}

/** A data directory as small as it can be: log segments of 1 MB, no spare template, the database renamed. */
async function make(): Promise<Uint8Array<ArrayBuffer>> {
  const pglite = await PGlite.create({
    database: 'template1',
    initDbStartParams: [
      ...['--wal-segsize=1', '--allow-group-access', '--encoding=UTF8'],
      ...['--locale=C.UTF-8', '--locale-provider=libc', '--auth=trust'],
    ],
  })
  try {
    await pglite.exec(`ALTER DATABASE postgres RENAME TO ${databaseName}`)
    await pglite.exec("UPDATE pg_database SET datistemplate = false WHERE datname = 'template0'")
    await pglite.exec('DROP DATABASE template0')
    await pglite.exec('VACUUM')
    await pglite.exec('CHECKPOINT')
    return new Uint8Array(await (await pglite.dumpDataDir('none')).arrayBuffer())
  } finally {
    await pglite.close()
  }
}

async function pgliteVersion(): Promise<string> {
  const entry = createRequire(import.meta.url).resolve('@electric-sql/pglite')
  const manifest: unknown = JSON.parse(await readFile(join(dirname(entry), '..', 'package.json'), 'utf8'))
  const version =
    typeof manifest === 'object' && manifest !== null && 'version' in manifest ? manifest.version : ''
  return String(version)
}
