import { mkdir, readdir, readFile, realpath, rename, rm } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { basename, dirname, join, resolve } from 'node:path'
import { gunzipSync, gzipSync } from 'node:zlib'
import { PGlite } from '@electric-sql/pglite'
import { reasonOf } from '../errors.js'
import type { CacheUse, EngineEvent } from '../types.js'
import type { BackendOptions } from './backend.js'
import { cachePath, readCache, writeCache } from './cache.js'
import { lock } from './lock.js'

/** A database that has started, and where its data directory came from. */
export interface Prepared {
  readonly pglite: PGlite
  readonly cache: CacheUse
  readonly events: readonly EngineEvent[]
}

/** The database that clients see; Materialize's own name for it, so that `materialize.public.t` means what it says. */
export const databaseName = 'materialize'

const settings: readonly string[] = [
  // The log brings back what a process that was killed had committed. Nothing waits for a disk: a machine that loses power may lose it.
  ...['wal_level=minimal', 'max_wal_senders=0', 'full_page_writes=off', 'fsync=off'],
  ...['min_wal_size=2MB', 'max_wal_size=32MB', 'shared_buffers=16MB'],
  // Statements are short; compiling them would cost more than it saves.
  'jit=off',
  ...['TimeZone=UTC', 'DateStyle=ISO,MDY', 'mz.now=0', 'mz.cluster=quickstart'],
]

/** Starts PGlite in memory, or in `dataDir`: seconds the first time on a machine, a fraction of one then. */
export async function prepare({ cacheDir, dataDir: given }: BackendOptions): Promise<Prepared> {
  if (given === undefined) return load(cacheDir)
  const dataDir = await realFolder(given)
  await lock(dataDir)
  if (await holdsDatabase(dataDir)) return { pglite: await open({ dataDir }), cache: 'none', events: [] }
  // All of it or nothing: what a process was killed over is begun again.
  const partial = `${dataDir}.partial`
  await rm(partial, { recursive: true, force: true })
  const { pglite, cache, events } = await load(cacheDir, partial)
  await pglite.close()
  await rename(partial, dataDir)
  return { pglite: await open({ dataDir }), cache, events }
}

/** The folder's one name, by whatever links it was given; what it is to be in is made if it is not there. */
async function realFolder(dataDir: string): Promise<string> {
  const parent = dirname(resolve(dataDir))
  await mkdir(parent, { recursive: true })
  return realpath(dataDir).catch(async () => join(await realpath(parent), basename(dataDir)))
}

/** A new database, in memory or in a folder. */
async function load(cacheDir: string, dataDir?: string): Promise<Prepared> {
  const { bytes, cache, events } = await template(cacheDir)
  try {
    return { pglite: await open({ dataDir, loadDataDir: bytes }), cache, events }
  } catch (thrown) {
    if (cache !== 'found') throw thrown
    // What was kept is broken.
    if (dataDir !== undefined) await rm(dataDir, { recursive: true, force: true })
    const { bytes: made, ...again } = await template(cacheDir, reasonOf(thrown))
    return { ...again, pglite: await open({ dataDir, loadDataDir: made }) }
  }
}

interface Template extends Pick<Prepared, 'cache' | 'events'> {
  readonly bytes: Uint8Array<ArrayBuffer>
}

/** The prepared data directory, as it is kept; or made, if there is none or it is broken. */
async function template(cacheDir: string, broken?: string): Promise<Template> {
  const path = cachePath(cacheDir, await pgliteVersion())
  const events: EngineEvent[] = []
  const unavailable = (reason: string): void => {
    events.push({ type: 'cache-unavailable', path, reason })
  }
  try {
    const kept = broken === undefined ? await readCache(path) : undefined
    if (kept !== undefined) return { bytes: gunzipSync(kept), cache: 'found', events }
    if (broken !== undefined) unavailable(broken)
  } catch (thrown) {
    unavailable(reasonOf(thrown))
  }
  const bytes = await make()
  try {
    await writeCache(cacheDir, path, gzipSync(bytes))
    return { bytes, cache: 'made', events }
  } catch (thrown) {
    unavailable(reasonOf(thrown))
    return { bytes, cache: 'none', events }
  }
}

/** Whether a folder holds a database; rejects if it holds something else. */
async function holdsDatabase(dataDir: string): Promise<boolean> {
  const files = await readdir(dataDir).catch((thrown: unknown): string[] => {
    if (thrown instanceof Error && 'code' in thrown && thrown.code === 'ENOENT') return []
    throw thrown
  })
  if (files.length === 0) return false
  if (files.includes('PG_VERSION')) return true
  throw new Error(`${dataDir} is not empty, and holds no database`)
}

async function open(from: {
  readonly dataDir?: string | undefined
  readonly loadDataDir?: Uint8Array<ArrayBuffer>
}): Promise<PGlite> {
  const { dataDir, loadDataDir } = from
  // In memory even the log is for nothing.
  const all = dataDir === undefined ? [...settings, 'synchronous_commit=off'] : settings
  return PGlite.create({
    ...(dataDir === undefined ? {} : { dataDir }),
    ...(loadDataDir === undefined ? {} : { loadDataDir: new Blob([loadDataDir]) }),
    database: databaseName,
    startParams: [...PGlite.defaultStartParams, ...all.flatMap(setting => ['-c', setting])],
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
