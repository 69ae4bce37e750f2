import { createHash, randomUUID } from 'node:crypto'
import { mkdir, open, readFile, rename, rm } from 'node:fs/promises'
import path from 'node:path'
import { invalidOption, TailError } from '../errors.js'
import type { CheckpointStore } from '../types.js'

/**
 * Checkpoints as files in a folder, one per name. A save is atomic (written beside, flushed to disk, then renamed) and
 * checksummed: after a crash there is the old token or the new one. A file that was damaged is refused with
 * `CHECKPOINT_CORRUPT`, never taken for "none". One process writes a name at a time.
 */
export function fileCheckpoints(folder: string): CheckpointStore {
  const fileOf = (name: string): string => {
    if (!/^[\w.-]{1,100}$/.test(name) || name.startsWith('.'))
      throw invalidOption('checkpoint.name', name, 'up to 100 letters, digits, _, - and . as a file name')
    return path.join(folder, `${name}.checkpoint`)
  }
  return {
    load: async name => {
      const file = fileOf(name)
      const text = await readFile(file, 'utf8').catch((error: NodeJS.ErrnoException) => {
        if (error.code === 'ENOENT') return undefined
        throw error
      })
      if (text === undefined) return undefined
      const [token = '', checksum = '', end] = text.split('\n')
      if (end !== '' || checksum !== checksumOf(token))
        throw new TailError('CHECKPOINT_CORRUPT', `${file} is damaged. Remove it to start anew.`)
      return token
    },
    save: async (name, token) => {
      const file = fileOf(name)
      await mkdir(folder, { recursive: true })
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
      } catch (error) {
        await rm(beside, { force: true })
        throw error
      }
    },
  }
}

function checksumOf(token: string): string {
  return createHash('sha256').update(token).digest('hex')
}
