import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import path from 'node:path'

/** A sample as Prometheus has it, by its labels as JSON. */
type Samples = Readonly<Record<string, string>>

/** A real Prometheus, in a folder of its own; throws if there is none on this machine. */
export class Prometheus {
  readonly url: string
  readonly #child: ChildProcess
  readonly #folder: string
  #said = ''

  private constructor(child: ChildProcess, url: string, folder: string) {
    this.#child = child
    this.url = url
    this.#folder = folder
    child.stderr?.on('data', (chunk: Buffer) => {
      this.#said += chunk.toString()
    })
  }

  /** Scrapes the targets, by their jobs, once a second: a machine that is busy must not be taken for a target that is down. */
  static async start(targets: Readonly<Record<string, string>>, rules?: string): Promise<Prometheus> {
    const found = spawnSync('prometheus', ['--version'])
    if (found.error)
      throw new Error('prometheus is not on the PATH: install it, or do not run the real tests.')
    const folder = mkdtempSync(path.join(tmpdir(), 'mzalert-prometheus-'))
    const jobs = Object.entries(targets).map(([job_name, target]) => ({
      job_name,
      static_configs: [{ targets: [target] }],
    }))
    writeFileSync(path.join(folder, 'rules.yml'), rules ?? '{"groups":[]}')
    // JSON is YAML.
    writeFileSync(
      path.join(folder, 'prometheus.yml'),
      JSON.stringify({
        global: { scrape_interval: '1s', scrape_timeout: '1s', evaluation_interval: '200ms' },
        rule_files: ['rules.yml'],
        scrape_configs: jobs,
      }),
    )
    const port = await freePort()
    const child = spawn('prometheus', [
      `--config.file=${path.join(folder, 'prometheus.yml')}`,
      `--storage.tsdb.path=${path.join(folder, 'data')}`,
      `--web.listen-address=127.0.0.1:${port}`,
      '--web.enable-remote-write-receiver',
    ])
    const made = new Prometheus(child, `http://127.0.0.1:${port}`, folder)
    await made.until(async () => (await fetch(`${made.url}/-/ready`)).ok)
    return made
  }

  /** What a query gives now: values as Prometheus writes them. */
  async query(query: string): Promise<Samples> {
    const response = await fetch(`${this.url}/api/v1/query?query=${encodeURIComponent(query)}`)
    const { data } = (await response.json()) as {
      data: { result: readonly { metric: Record<string, string>; value: [number, string] }[] }
    }
    return Object.fromEntries(
      data.result.map(({ metric, value }) => {
        const { __name__: _, instance: _instance, job: _job, ...labels } = metric
        const sorted = Object.entries(labels).sort(([a], [b]) => (a < b ? -1 : 1))
        return [JSON.stringify(Object.fromEntries(sorted)), value[1]]
      }),
    )
  }

  /** Waits for a condition, a minute at most. */
  async until(condition: () => Promise<boolean>): Promise<void> {
    const deadline = performance.now() + 55_000
    while (!(await condition().catch(() => false))) {
      if (performance.now() > deadline || this.#child.exitCode !== null)
        throw new Error(`It never became so. Prometheus said:\n${this.#said.slice(-3000)}`)
      await new Promise(resolve => setTimeout(resolve, 20))
    }
  }

  async close(): Promise<void> {
    if (this.#child.exitCode === null) {
      const closed = new Promise(resolve => this.#child.once('close', resolve))
      this.#child.kill('SIGTERM')
      await closed
    }
    rmSync(this.#folder, { recursive: true, force: true })
  }
}

async function freePort(): Promise<number> {
  const server = createServer()
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  await new Promise(resolve => server.close(resolve))
  return port
}
