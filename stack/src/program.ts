import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { createServer } from 'node:net'
import { until } from './until.js'

const keptBytes = 16_384

/** How a program of the chain is started, and how one sees that it serves. */
export interface ProgramOptions {
  readonly name: string
  /** The names it may have; the first one that can be started is taken. */
  readonly command: string
  readonly args: readonly string[]
  readonly env?: Readonly<Record<string, string>>
  /** Where it runs. Default: here. */
  readonly cwd?: string
  /** Answers 200 once it serves. */
  readonly readyUrl?: string
  /** What it writes once it serves; with neither, it serves once it runs. */
  readonly readyText?: string
}

/** A program that can be killed and started again with the same arguments. */
export interface Program {
  readonly name: string
  /** Resolves when it serves; rejects with its last words if it ends before. */
  readonly start: () => Promise<void>
  /** As a power cut would (SIGKILL). */
  readonly kill: () => Promise<void>
  /** What it wrote lately. */
  readonly output: () => string
}

export function program(options: ProgramOptions): Program {
  const { name, command, args, env = {}, cwd, readyUrl, readyText } = options
  let child: ChildProcess | undefined
  let output = ''
  const start = async (): Promise<void> => {
    if (child) throw new Error(`${name} runs already`)
    output = ''
    const started = spawn(command, [...args], {
      env: { ...process.env, ...env },
      cwd,
      stdio: ['ignore', 'pipe', 'pipe'],
    })
    child = started
    let end: string | undefined
    const keep = (chunk: Buffer): void => {
      output = (output + chunk.toString('utf8')).slice(-keptBytes)
    }
    started.stdout.on('data', keep)
    started.stderr.on('data', keep)
    // A test runner that is ended leaves nothing behind.
    const orphaned = (): boolean => started.kill('SIGKILL')
    process.once('exit', orphaned)
    started.once('error', error => {
      end = error.message
    })
    started.once('close', (code, signal) => {
      process.removeListener('exit', orphaned)
      end ??= `it ended with ${signal ?? code}`
      if (child === started) child = undefined
    })
    await until(`${name} serves`, async () => {
      if (end !== undefined) throw new Error(`${name}: ${end}\n${output}`)
      if (readyText !== undefined) return output.includes(readyText)
      return readyUrl === undefined || (await answers(readyUrl))
    })
  }
  const kill = async (): Promise<void> => {
    if (!child) return
    const gone = once(child, 'close')
    child.kill('SIGKILL')
    await gone
  }
  return { name, start, kill, output: () => output }
}

async function answers(url: string): Promise<boolean> {
  try {
    return (await fetch(url)).ok
  } catch {
    return false
  }
}

/** A port of the loopback address that nobody listens on. */
export async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  server.close()
  await once(server, 'close')
  if (typeof address !== 'object' || address === null) throw new Error('the system gave no port')
  return address.port
}
