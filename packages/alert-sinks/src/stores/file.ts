import { fileCheckpoints, TailError } from '@mzalert/tail-client'
import { SinksError, stateCorrupt } from '../errors.js'
import type { StateStore } from '../types.js'

/**
 * Keeps the state as files in a folder, one per name. A save is atomic and checksummed: after a crash there is the old state or the new
 * one. A file that was damaged is refused with `STATE_CORRUPT`, never taken for "none". One process writes a name at a time.
 */
export function fileStore(folder: string): StateStore {
  const files = fileCheckpoints(folder)
  return {
    load: name => files.load(name).catch(error => fail(error, name)),
    save: (name, state) => files.save(name, state).catch(error => fail(error, name)),
  }

  function fail(error: unknown, name: string): never {
    if (!TailError.is(error)) throw error
    if (error.code === 'CHECKPOINT_CORRUPT')
      throw stateCorrupt(`The state of ${JSON.stringify(name)} in ${folder}`, error)
    const sentence = error.message.replace(/^\[\w+\] checkpoint\.name/, 'The name of a stored state')
    throw new SinksError('INVALID_OPTION', sentence, { cause: error })
  }
}
