import { type ChildProcess, execFile, spawn } from 'node:child_process'
import { chownSync, existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import pg from 'pg'
import { until } from './wait.js'

const run = promisify(execFile)

/** Where Debian keeps PostgreSQL's programs, a folder for each version. */
const home = '/usr/lib/postgresql'
const name = 'postgres'
const password = 'p@ss word'

interface User {
  readonly uid?: number
  readonly gid?: number
}

/** A PostgreSQL server of its own, in a temporary folder, with passwords (SCRAM). */
export class PostgresServer {
  readonly port: number
  readonly #bin: string
  readonly #folder: string
  readonly #as: User
  #child: ChildProcess | undefined
  #query = ''

  private constructor(bin: string, folder: string, as: User, port: number) {
    this.#bin = bin
    this.#folder = folder
    this.#as = as
    this.port = port
  }

  /** Makes a cluster and starts it. Throws if PostgreSQL is not installed: nothing is skipped. */
  static async start({ tls = false }: { readonly tls?: boolean } = {}): Promise<PostgresServer> {
    const versions = existsSync(home) ? readdirSync(home).sort() : []
    const bins = versions.map(version => join(home, version, 'bin'))
    const bin = bins.findLast(folder => existsSync(join(folder, 'initdb')))
    if (bin === undefined) throw new Error(`PostgreSQL must be installed: no initdb in ${home}/*/bin`)
    // Short: a socket's path may have 107 bytes. The server refuses to run as root.
    const folder = mkdtempSync(join(tmpdir(), 'mzalert-pg-'))
    const as: User = process.getuid?.() === 0 ? someoneElse() : {}
    if (as.uid !== undefined && as.gid !== undefined) chownSync(folder, as.uid, as.gid)
    const server = new PostgresServer(bin, folder, as, await freePort())
    const file = join(folder, 'password')
    await server.#run('sh', ['-c', `umask 077; printf %s '${password}' > ${file}`])
    const how = [
      '-U',
      name,
      '--auth=scram-sha-256',
      `--pwfile=${file}`,
      '-E',
      'UTF8',
      '--locale=C.UTF-8',
      '-N',
    ]
    await server.#run(join(bin, 'initdb'), ['-D', server.#data, ...how])
    if (tls) await server.#encrypt()
    await server.up()
    return server
  }

  get url(): string {
    return `postgres://${name}:${encodeURIComponent(password)}@127.0.0.1:${this.port}/postgres${this.#query}`
  }

  /** The URL of a new and empty database. */
  async database(name: string): Promise<string> {
    const client = await this.client()
    await client.query(`drop database if exists "${name}" with (force)`)
    await client.query(`create database "${name}"`)
    await client.end()
    return this.url.replace(/[^/]*$/, name + this.#query)
  }

  /** A client that does not go through the engine. */
  async client(): Promise<pg.Client> {
    const client = new pg.Client(this.url)
    client.on('error', () => {})
    await client.connect()
    return client
  }

  /** Starts the server, and waits until it lets clients in. */
  async up(): Promise<void> {
    const settings = ['fsync=off', 'listen_addresses=127.0.0.1', `unix_socket_directories=${this.#folder}`]
    const words = [...settings, `port=${this.port}`].flatMap(setting => ['-c', setting])
    this.#child = spawn(join(this.#bin, 'postgres'), ['-D', this.#data, ...words], {
      ...this.#as,
      cwd: this.#folder,
      stdio: 'ignore',
    })
    await until(async () => {
      const client = await this.client().catch(() => undefined)
      await client?.end()
      return client !== undefined
    }, 'PostgreSQL to let clients in')
  }

  /** Ends it as `pg_ctl stop -m fast` does (SIGINT), or as a crash does (SIGQUIT). */
  async down(signal: 'SIGINT' | 'SIGQUIT' = 'SIGINT'): Promise<void> {
    const child = this.#child
    if (child === undefined) return
    this.#child = undefined
    const exited = new Promise(resolve => child.once('exit', resolve))
    child.kill(signal)
    await exited
  }

  async stop(): Promise<void> {
    await this.down('SIGQUIT')
    rmSync(this.#folder, { recursive: true, force: true })
  }

  /** From the next start on only who encrypts is let in. */
  async #encrypt(): Promise<void> {
    const [key, certificate] = [join(this.#data, 'server.key'), join(this.#data, 'server.crt')]
    const subject = ['-subj', '/CN=localhost', '-days', '2']
    const words = ['req', '-new', '-x509', '-nodes', ...subject, '-keyout', key, '-out', certificate]
    await this.#run('openssl', words)
    const rules = join(this.#data, 'pg_hba.conf')
    const settings = join(this.#data, 'postgresql.conf')
    const lines = `chmod 600 ${key}; echo 'hostssl all all 127.0.0.1/32 scram-sha-256' > ${rules}`
    await this.#run('sh', ['-c', `${lines}; echo 'ssl = on' >> ${settings}`])
    this.#query = '?sslmode=no-verify'
  }

  get #data(): string {
    return join(this.#folder, 'data')
  }

  async #run(program: string, words: readonly string[]): Promise<void> {
    await run(program, [...words], { ...this.#as, cwd: this.#folder })
  }
}

/** The user that Debian makes for it, or nobody. */
function someoneElse(): { uid: number; gid: number } {
  const users = readFileSync('/etc/passwd', 'utf8').split('\n')
  const fields = ['postgres', 'nobody'].flatMap(user => users.filter(line => line.startsWith(`${user}:`)))[0]
  const [, , uid, gid] = (fields ?? '').split(':')
  return { uid: Number(uid ?? 65534), gid: Number(gid ?? 65534) }
}

function freePort(): Promise<number> {
  return new Promise(resolve => {
    const server = createServer().listen(0, '127.0.0.1', () => {
      const { port } = Object(server.address())
      server.close(() => resolve(port))
    })
  })
}
