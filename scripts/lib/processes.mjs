import { spawn } from 'node:child_process'
import path from 'node:path'
import { fileURLToPath } from 'node:url'

export const root = fileURLToPath(new URL('../..', import.meta.url))
export const pnpmHome = path.join(root, 'scripts', 'pnpm')

/** Says in one line what is going on; on stderr, so that the output of tasks stays theirs. */
export function say(line) {
  console.error(`mzalert: ${line}`)
}

/** The environment for our tools: the pinned pnpm first on the PATH, nothing of the npm that called us. */
export function environment(more = {}) {
  const own = Object.entries(process.env).filter(([name]) => !/^npm_/i.test(name))
  return {
    ...Object.fromEntries(own),
    PATH: [path.join(pnpmHome, 'node_modules', '.bin'), process.env.PATH].join(path.delimiter),
    TURBO_TELEMETRY_DISABLED: '1',
    TURBO_NO_UPDATE_NOTIFIER: '1',
    DO_NOT_TRACK: '1',
    ...more,
  }
}

/**
 * Runs a command and resolves with its exit code; 130 if a signal ended it, or came while it prepared something (`quiet`), so that
 * nothing is started after it. With `quiet`, its output is shown only if it fails.
 */
export function execute(command, args, { cwd = root, env = environment(), quiet = false } = {}) {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, {
      cwd,
      env,
      stdio: quiet ? ['ignore', 'pipe', 'pipe'] : 'inherit',
      shell: process.platform === 'win32' && !command.endsWith('.exe'),
    })
    const chunks = []
    child.stdout?.on('data', chunk => chunks.push(chunk))
    child.stderr?.on('data', chunk => chunks.push(chunk))
    // Also what a terminal sends to both of us: a child may get a signal twice, and we end when it has ended.
    let isInterrupted = false
    const forward = signal => {
      isInterrupted = true
      child.kill(signal)
    }
    process.on('SIGINT', forward).on('SIGTERM', forward)
    child.once('error', reject)
    child.once('close', code => {
      process.off('SIGINT', forward).off('SIGTERM', forward)
      if (quiet && code !== 0 && !isInterrupted) process.stderr.write(Buffer.concat(chunks))
      resolve(code === null || (isInterrupted && quiet) ? 130 : code)
    })
  })
}

/** The path of a tool that the house brings (`turbo`, `vitest`, …). */
export function tool(name) {
  return path.join(root, 'house', 'node_modules', '.bin', name)
}
