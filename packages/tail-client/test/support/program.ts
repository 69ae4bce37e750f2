import { type ChildProcessByStdio, spawn } from 'node:child_process'
import { tmpdir } from 'node:os'
import path from 'node:path'
import type { Readable } from 'node:stream'
import { fileURLToPath } from 'node:url'

/** Where the engine keeps its prepared data directory between tests. */
export const cacheDir: string = path.join(tmpdir(), 'mzalert-tail-client-test')

/** The built `mztail`; `npm test` builds before. */
export const mztail: string = fileURLToPath(new URL('../../dist/mztail.js', import.meta.url))

export interface Run {
  readonly child: ChildProcessByStdio<null, Readable, Readable>
  readonly output: () => string
  readonly errors: () => string
  /** The exit code, once the program has ended and everything that it wrote has come. */
  readonly ended: Promise<number | null>
}

/** Runs a program, by default `mztail`, and gathers what it writes. */
export function run(words: readonly string[], program: readonly string[] = [process.execPath, mztail]): Run {
  const [command = '', ...first] = program
  const child = spawn(command, [...first, ...words], { stdio: ['ignore', 'pipe', 'pipe'] })
  let output = ''
  let errors = ''
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    output += text
  })
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    errors += text
  })
  const ended = new Promise<number | null>((resolve, reject) => {
    child.once('error', reject)
    child.once('close', code => resolve(code))
  })
  return { child, output: () => output, errors: () => errors, ended }
}
