import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import pg from 'pg'

/** The engine's tests need this package: to need theirs too would be a circle. It is run as the program that it also is. */
const program = fileURLToPath(new URL('../../../local-engine/dist/cli.js', import.meta.url))

export interface Engine extends AsyncDisposable {
  readonly url: string
  /** Runs a script of statements. */
  execute(script: string): Promise<void>
  close(): Promise<void>
}

/** Starts the built local engine on a free port; `npm test` builds before. */
export async function startEngine({
  cacheDir,
  historyMs = 0,
}: {
  readonly cacheDir: string
  readonly historyMs?: number
}): Promise<Engine> {
  const words = ['--port', '0', '--cache-dir', cacheDir, '--history-ms', String(historyMs)]
  const child = spawn(process.execPath, [program, ...words], { stdio: ['ignore', 'pipe', 'inherit'] })
  const ended = once(child, 'close')
  const url = await new Promise<string>((resolve, reject) => {
    let output = ''
    child.stdout.on('data', chunk => {
      output += String(chunk)
      const [, found] = /^(postgres:\S+)\n/m.exec(output) ?? []
      if (found) resolve(found)
    })
    ended.then(() => reject(new Error(`The engine did not start: ${output}`)), reject)
  })
  const client = new pg.Client(url)
  client.on('error', () => {})
  await client.connect()
  const close = async (): Promise<void> => {
    child.kill()
    await ended
  }
  return {
    url,
    execute: async script => void (await client.query(script)),
    close,
    [Symbol.asyncDispose]: close,
  }
}
