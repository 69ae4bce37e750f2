import { spawn } from 'node:child_process'
import { mkdirSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import path from 'node:path'
import { npmInstall } from '../../lib/counted.mjs'

/** The last line of verdaccio that runs on Node 20; one of its dependencies is asked for by a tag that moves. */
const manifest = {
  private: true,
  dependencies: { verdaccio: '6.8.0' },
  overrides: { 'node-fetch': '2.7.0' },
}

const configuration = `storage: ./storage
uplinks: {}
packages:
  '**':
    access: $all
    publish: $all
max_body_size: 50mb
log: { type: file, path: ./verdaccio.log, level: warn }
`

/** A registry of npm on this machine that holds only what is published into it. */
export class Registry {
  static async start(folder) {
    mkdirSync(folder)
    writeFileSync(path.join(folder, 'package.json'), JSON.stringify(manifest))
    writeFileSync(path.join(folder, 'config.yaml'), configuration)
    if ((await npmInstall(folder)) !== 0) throw new Error('verdaccio could not be installed')
    const port = await freePort()
    const program = path.join(folder, 'node_modules', 'verdaccio', 'bin', 'verdaccio')
    const child = spawn(
      process.execPath,
      [program, '--config', 'config.yaml', '--listen', `127.0.0.1:${port}`],
      {
        cwd: folder,
        // It warns of root, whom containers have.
        env: { ...process.env, NODE_NO_WARNINGS: '1' },
        stdio: ['ignore', 'ignore', 'inherit'],
      },
    )
    const registry = new Registry(child, `http://127.0.0.1:${port}/`)
    try {
      await answers(`${registry.url}-/ping`, child)
    } catch (error) {
      // A child that goes on would keep the rehearsal from ending.
      await registry.close()
      throw error
    }
    return registry
  }

  #child

  constructor(child, url) {
    this.#child = child
    this.url = url
  }

  /** npm sends nothing without a token; this registry believes any. */
  get credentials() {
    return `${this.url.replace('http:', '')}:_authToken=rehearsal\n`
  }

  close() {
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return
    return new Promise(resolve => this.#child.once('close', resolve) && this.#child.kill())
  }
}

/** A port that was free a moment ago. */
export function freePort() {
  return new Promise((resolve, reject) => {
    const server = createServer().once('error', reject)
    server.listen(0, '127.0.0.1', () => {
      const { port } = server.address()
      server.close(() => resolve(port))
    })
  })
}

async function answers(url, child) {
  for (const deadline = Date.now() + 60_000; Date.now() < deadline; ) {
    const ended = child.exitCode ?? child.signalCode
    if (ended !== null) throw new Error(`the registry ended with ${ended}`)
    const isThere = await fetch(url).then(
      response => response.ok,
      () => false,
    )
    if (isThere) return
    await new Promise(resolve => setTimeout(resolve, 100))
  }
  throw new Error(`nothing answers at ${url}`)
}
