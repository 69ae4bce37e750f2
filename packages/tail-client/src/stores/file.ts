import { createHash, randomUUID } from 'node:crypto'
import { mkdir, open, readdir, readFile, rename, rm, stat } from 'node:fs/promises'
import path from 'node:path'
import { invalidOption, TailError } from '../errors.js'
import type { CheckpointStore } from '../types/checkpoint.js'

/** A save takes some milliseconds. */
const abandonedAfterMs = 60_000
/** What a file that is being saved is called, after the name of the one that it will replace: a UUID. */
const besides = /^\.[0-9a-f-]{36}$/

/**
 * Checkpoints as files in a folder, one per name. A save is atomic (written beside, flushed to disk, renamed, and the folder flushed)
 * and checksummed: after a crash there is the old token or the new one, and the new one once the save has resolved. A file that was
 * damaged is refused with `CHECKPOINT_CORRUPT`, never taken for "none". One process writes a name at a time: one that another has
 * replaced is refused with `COMMIT_REFUSED` at its next commit (two that save in the same moment are not told apart).
 */
export function fileCheckpoints(folder: string): CheckpointStore {
  const fileOf = (name: string): string => {
    if (!/^[\w.-]{1,100}$/.test(name) || name.startsWith('.'))
      throw invalidOption('checkpoint.name', name, 'up to 100 letters, digits, _, - and . as a file name')
    return path.join(folder, `${name}.checkpoint`)
  }
  return {
    load: async name => {
      await sweep(fileOf(name))
      return loadToken(fileOf(name))
    },
    save: async (name, token, previous) => {
      const file = fileOf(name)
      await mkdir(folder, { recursive: true })
      const found = previous === undefined ? undefined : await loadToken(file)
      if (found !== previous)
        throw new TailError(
          'COMMIT_REFUSED',
          `${file} was changed by another process, which has taken over. Let one process at a time use the checkpoint "${name}".`,
        )
      await saveToken(file, token)
    },
  }
}

/** Removes what a crash left of a save: nobody will rename it any more once it is old. */
async function sweep(file: string): Promise<void> {
  const folder = path.dirname(file)
  const names = await readdir(folder).catch(() => [])
  const start = path.basename(file)
  for (const name of names.filter(each => each.startsWith(start) && besides.test(each.slice(start.length)))) {
    const left = path.join(folder, name)
    const writtenMs = await stat(left).then(
      ({ mtimeMs }) => mtimeMs,
      () => undefined,
    )
    if (writtenMs !== undefined && Date.now() - writtenMs > abandonedAfterMs) await rm(left, { force: true })
  }
}

/** The token in one file, as `fileCheckpoints` keeps it; undefined if there is no such file. */
export async function loadToken(file: string): Promise<string | undefined> {
  const text = await readFile(file, 'utf8').catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return undefined
    throw error
  })
  if (text === undefined) return undefined
  const [token = '', checksum = '', end] = text.split('\n')
  if (end !== '' || checksum !== checksumOf(token))
    throw new TailError('CHECKPOINT_CORRUPT', `${file} is damaged. Remove it to start anew.`)
  return token
}

/** Puts a token in place of the one in a file; its folder must exist. */
export async function saveToken(file: string, token: string): Promise<void> {
  const beside = `${file}.${randomUUID()}`
  try {
    const handle = await open(beside, 'wx')
    try {
      await handle.writeFile(`${token}\n${checksumOf(token)}\n`)
      await handle.sync()
    } finally {
      await handle.close()
    }
    await rename(beside, file)
    await syncFolder(path.dirname(file))
  } catch (error) {
    await rm(beside, { force: true })
    throw error
  }
}

/** How systems and disks say that they cannot flush a folder: then there is no more to be done. */
const cannotSync: readonly (string | undefined)[] = ['EACCES', 'EINVAL', 'EISDIR', 'ENOTSUP', 'EPERM']

/** Until its folder is flushed too, a power cut may undo a rename. */
async function syncFolder(folder: string): Promise<void> {
  try {
    const handle = await open(folder)
    try {
      await handle.sync()
    } finally {
      await handle.close()
    }
  } catch (error) {
    if (!cannotSync.includes((error as NodeJS.ErrnoException).code)) throw error
  }
}

function checksumOf(token: string): string {
  return createHash('sha256').update(token).digest('hex')
}
