import { randomUUID } from 'node:crypto'
import { mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'

/** Where the prepared data directory of this exact PGlite is kept. `layout` changes when its preparation does. */
export function cachePath(dir: string, pgliteVersion: string): string {
  const layout = 1
  return join(dir, `pglite-${pgliteVersion}-${layout}.tar.gz`)
}

/** The file's bytes; undefined if there is none. Rejects if it cannot be read. */
export async function readCache(path: string): Promise<Buffer | undefined> {
  try {
    return await readFile(path)
  } catch (thrown) {
    if (thrown instanceof Error && 'code' in thrown && thrown.code === 'ENOENT') return undefined
    throw thrown
  }
}

/** Writes the file so that others see all of it or nothing, however many write at once. */
export async function writeCache(dir: string, path: string, bytes: Uint8Array): Promise<void> {
  const partial = `${path}.${process.pid}.${randomUUID()}`
  try {
    await mkdir(dir, { recursive: true })
    await writeFile(partial, bytes, { flag: 'wx' })
    await rename(partial, path)
  } catch (thrown) {
    await rm(partial, { force: true }).catch(() => {})
    throw thrown
  }
}
