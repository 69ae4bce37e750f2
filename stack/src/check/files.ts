import { existsSync, readdirSync, readFileSync } from 'node:fs'
import path from 'node:path'
import { stackFolder } from '../paths.js'

/** The files of the stack, by their path from its folder. */
export interface StackFiles {
  readonly text: (file: string) => string
  readonly exists: (file: string) => boolean
  /** The files below a folder, as paths from the stack's folder. */
  readonly below: (folder: string) => readonly string[]
}

/** As they are on disk, with some of them changed: each change gets the text and gives another. */
export function stackFiles(changes: Readonly<Record<string, (text: string) => string>> = {}): StackFiles {
  return {
    text: file => {
      const text = readFileSync(path.join(stackFolder, file), 'utf8')
      return changes[file]?.(text) ?? text
    },
    exists: file => existsSync(path.join(stackFolder, file)),
    below: folder =>
      readdirSync(path.join(stackFolder, folder), { recursive: true, withFileTypes: true })
        .filter(entry => entry.isFile())
        .map(entry => path.relative(stackFolder, path.join(entry.parentPath, entry.name)))
        .sort(),
  }
}
