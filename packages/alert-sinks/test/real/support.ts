import { type ChildProcess, execFileSync, spawn } from 'node:child_process'
import { accessSync, constants, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import path from 'node:path'

/** The first of these programs that is installed. Throws, so that a test without its program fails. */
function program(names: readonly string[], folders: readonly string[] = []): string {
  const places = [...folders, ...(process.env['PATH'] ?? '').split(path.delimiter)]
  const found = places.flatMap(place => names.map(name => path.join(place, name))).find(isExecutable)
  if (!found) throw new Error(`${names.join(' or ')} must be installed`)
  return found
}

function isExecutable(file: string): boolean {
  try {
    accessSync(file, constants.X_OK)
    return true
  } catch {
    return false
  }
}

function freePort(): Promise<number> {
  return new Promise(resolve => {
    const server = createServer()
    server.listen(0, '127.0.0.1', () => {
      const address = server.address()
      server.close(() => resolve(typeof address === 'object' && address !== null ? address.port : 0))
    })
  })
}

/** Waits for a condition, with a generous deadline. */
export async function until(what: string, condition: () => boolean | Promise<boolean>): Promise<void> {
  const deadline = performance.now() + 50_000
  while (!(await condition())) {
    if (performance.now() > deadline) throw new Error(`It never came to this: ${what}`)
    await new Promise(resolve => setTimeout(resolve, 25))
  }
}

/** An alert as Alertmanager's API shows it. */
export interface ApiAlert {
  readonly fingerprint: string
  readonly labels: Readonly<Record<string, string>>
  readonly annotations: Readonly<Record<string, string>>
  readonly startsAt: string
  readonly endsAt: string
  readonly generatorURL?: string
}

/** A real Alertmanager, on a port that stays when it is killed and started again. It tells a webhook of every alert by itself. */
export class RealAlertmanager {
  readonly url: string
  readonly #port: number
  readonly #folder: string
  #child: ChildProcess | undefined

  private constructor(port: number, receiver: string) {
    this.#port = port
    this.url = `http://127.0.0.1:${port}`
    this.#folder = mkdtempSync(path.join(tmpdir(), 'mzalert-am-'))
    const route =
      "  receiver: test\n  group_by: ['...']\n  group_wait: 1s\n  group_interval: 1s\n  repeat_interval: 4h\n"
    const hook = `receivers:\n  - name: test\n    webhook_configs:\n      - url: ${receiver}\n        send_resolved: true\n`
    writeFileSync(path.join(this.#folder, 'config.yml'), `route:\n${route}${hook}`)
  }

  static async start(receiver: string): Promise<RealAlertmanager> {
    const made = new RealAlertmanager(await freePort(), receiver)
    await made.start()
    return made
  }

  async start(): Promise<void> {
    this.#child = spawn(
      program(['alertmanager', 'prometheus-alertmanager']),
      [
        `--config.file=${path.join(this.#folder, 'config.yml')}`,
        // What it knew is gone when it is killed, as in a container without a volume.
        `--storage.path=${mkdtempSync(path.join(this.#folder, 'data-'))}`,
        `--web.listen-address=127.0.0.1:${this.#port}`,
        '--cluster.listen-address=',
      ],
      { stdio: 'ignore' },
    )
    await until('Alertmanager is ready', () =>
      fetch(`${this.url}/-/ready`).then(
        ({ ok }) => ok,
        () => false,
      ),
    )
  }

  async kill(): Promise<void> {
    const child = this.#child
    this.#child = undefined
    if (child === undefined || child.exitCode !== null) return
    const closed = new Promise(resolve => child.once('close', resolve))
    child.kill('SIGKILL')
    await closed
  }

  /** What fires, by fingerprint. */
  async active(): Promise<readonly ApiAlert[]> {
    const answer = await fetch(`${this.url}/api/v2/alerts?active=true&silenced=true&inhibited=true`)
    const alerts = (await answer.json()) as readonly ApiAlert[]
    return alerts.toSorted((a, b) => (a.fingerprint < b.fingerprint ? -1 : 1))
  }

  async close(): Promise<void> {
    await this.kill()
    rmSync(this.#folder, { recursive: true, force: true })
  }
}

/** A real PostgreSQL on a port of its own; it runs as an ordinary user. */
export class RealPostgres {
  readonly port: number
  readonly #folder: string
  readonly #run: (name: string, ...args: readonly string[]) => void

  private constructor(port: number) {
    this.port = port
    const folders = [17, 16, 15].map(version => `/usr/lib/postgresql/${version}/bin`)
    const bin = path.dirname(program(['initdb'], folders))
    this.#folder = mkdtempSync(path.join(tmpdir(), 'mzalert-pg-'))
    // As root it would refuse to run.
    const asUser = process.getuid?.() === 0 ? ['runuser', '-u', 'nobody', '--'] : []
    if (asUser.length > 0) execFileSync('chown', ['nobody', this.#folder])
    this.#run = (name, ...args) => {
      const [command = '', ...rest] = [
        ...asUser,
        path.join(bin, name),
        '-D',
        path.join(this.#folder, 'data'),
        ...args,
      ]
      execFileSync(command, rest, { stdio: 'ignore', cwd: this.#folder })
    }
    this.#run('initdb', '-U', 'test', '-A', 'trust')
    this.#run('pg_ctl', '-w', '-o', `-p ${port} -k ${this.#folder} -c listen_addresses=127.0.0.1`, 'start')
  }

  /** Resolves when it takes connections. */
  static async start(): Promise<RealPostgres> {
    return new RealPostgres(await freePort())
  }

  close(): void {
    this.#run('pg_ctl', '-w', '-m', 'immediate', 'stop')
    rmSync(this.#folder, { recursive: true, force: true })
  }
}
