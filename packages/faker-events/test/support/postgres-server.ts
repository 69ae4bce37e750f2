import { type ChildProcess, execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import { chownSync, existsSync, mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import path from 'node:path'

export interface PostgresServer {
  readonly url: string
  /** Ends it as a power cut would (SIGQUIT: no goodbye to anyone). Its data stays. */
  readonly kill: () => Promise<void>
  /** Starts it again, on the same port and data; resolves when it takes connections. */
  readonly start: () => Promise<void>
  readonly close: () => Promise<void>
}

const versions = '/usr/lib/postgresql'

/** A real PostgreSQL of Debian, in a temporary folder. */
export async function startPostgres(): Promise<PostgresServer> {
  const [version] = existsSync(versions) ? readdirSync(versions).sort().reverse() : []
  if (version === undefined)
    throw new Error('PostgreSQL is not installed. On Debian: apt-get install postgresql')
  const program = (name: string): string => path.join(versions, version, 'bin', name)
  const folder = mkdtempSync(path.join(tmpdir(), 'mzalert-postgres-'))
  // It refuses to run as root.
  const user: Partial<ReturnType<typeof idsOf>> = process.getuid?.() === 0 ? idsOf('postgres') : {}
  if (user.uid !== undefined && user.gid !== undefined) chownSync(folder, user.uid, user.gid)
  const data = path.join(folder, 'data')
  const initdb = ['-D', data, '-U', 'tester', '-A', 'trust', '-E', 'UTF8', '--no-sync']
  execFileSync(program('initdb'), initdb, { ...user, cwd: folder, stdio: 'pipe' })
  const port = await freePort()
  const args = ['-D', data, '-p', String(port), '-k', folder, '-h', '127.0.0.1']

  let server: ChildProcess | undefined
  const start = (): Promise<void> =>
    new Promise((resolve, reject) => {
      const child = spawn(program('postgres'), args, {
        ...user,
        cwd: folder,
        stdio: ['ignore', 'ignore', 'pipe'],
      })
      const end = (): boolean => child.kill('SIGQUIT')
      process.once('exit', end)
      server = child
      let said = ''
      child.stderr?.on('data', chunk => {
        said += String(chunk)
        if (said.includes('ready to accept connections')) resolve()
      })
      child.once('error', reject)
      child.once('close', () => {
        process.off('exit', end)
        reject(new Error(`PostgreSQL ended before it served. It said:\n${said}`))
      })
    })
  const kill = async (): Promise<void> => {
    if (server === undefined) return
    const gone = once(server, 'close')
    server.kill('SIGQUIT')
    server = undefined
    await gone
  }
  const close = async (): Promise<void> => {
    await kill()
    rmSync(folder, { recursive: true, force: true, maxRetries: 5 })
  }
  await start()
  return { url: `postgres://tester@127.0.0.1:${port}/postgres`, kill, start, close }
}

function idsOf(name: string): { readonly uid: number; readonly gid: number } {
  const id = (flag: string): number => Number(execFileSync('id', [flag, name], { encoding: 'utf8' }))
  return { uid: id('-u'), gid: id('-g') }
}

function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer()
    server.once('error', reject)
    server.listen(0, '127.0.0.1', () => {
      const address = server.address()
      server.close(() => resolve(typeof address === 'object' && address !== null ? address.port : 0))
    })
  })
}
