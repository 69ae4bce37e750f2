import { spawn } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import path from 'node:path'
import { quietly } from '../../lib/counted.mjs'
import { firstPrograms } from './readme.mjs'
import { freePort } from './registry.mjs'

const alert = 'organization_alert{alert_cond="deployment_spike",organization="B"} 1'
const script = `CREATE TABLE alerts (alert_cond text, labels text);
INSERT INTO alerts VALUES ('deployment_spike', 'B');
CREATE VIEW organization_alert AS SELECT alert_cond, labels FROM alerts;
`

/** Every command of every package, by the name that npm gives it. */
export async function runCommands(counted, project, published) {
  for (const { bin = {} } of published)
    for (const name of Object.keys(bin))
      await counted.check(`${name} --help`, () => quietly(command(project, name), ['--help'], project))
}

/**
 * The programs that a reader meets first in an empty project, compiled by its TypeScript as ES modules and as CommonJS, against an engine
 * that is the installed `mzalert-engine`.
 */
export async function runPrograms(counted, project) {
  const sql = path.join(project, 'views.sql')
  writeFileSync(sql, script)
  const engine = new Program(command(project, 'mzalert-engine'), ['--port', '0', '--sql', sql], project)
  const alertmanager = await receiver()
  try {
    const [url] = await engine.said(/^postgres:\S+/m)
    const ports = { metrics: await freePort(), alertmanager: alertmanager.port }
    const programs = withAddresses(firstPrograms(), url, ports)
    await counted.check('mztail shows the row', async () => {
      const once = new Program(
        command(project, 'mztail'),
        ['organization_alert', '--url', url, '--once'],
        project,
      )
      try {
        await once.said(/"labels":"B"/)
      } finally {
        await once.end()
      }
    })
    for (const format of ['mts', 'cts']) {
      for (const [name, program] of Object.entries(programs))
        writeFileSync(
          path.join(project, `${name}.${format}`),
          format === 'mts' ? program : asCommonJs(program),
        )
      writeFileSync(
        path.join(project, 'tsconfig.json'),
        JSON.stringify(compiler(format, Object.keys(programs))),
      )
      const compiled = await counted.check(`the programs of the READMEs compile as .${format}`, () =>
        quietly(command(project, 'tsc'), ['-p', '.'], project),
      )
      if (!compiled) continue
      for (const name of Object.keys(programs))
        await counted.check(
          `the program of the README for ${name} runs as .${format.replace('ts', 'js')}`,
          async () => {
            alertmanager.bodies.length = 0
            const file = `${name}.${format.replace('ts', 'js')}`
            const program = new Program(process.execPath, [file], project)
            try {
              await works[name](program, ports, alertmanager)
            } finally {
              await program.end()
            }
          },
        )
    }
  } finally {
    await alertmanager.close()
    await engine.end()
  }
}

/** What shows that a program does what its README says of it. */
const works = {
  'tail-client': program => program.said(/^fires B \d+n$/m),
  'prom-bridge': (program, { metrics }) =>
    until(program, async () => {
      const answer = await fetch(`http://127.0.0.1:${metrics}/metrics`).catch(() => undefined)
      return (await answer?.text())?.includes(alert)
    }),
  'alert-sinks': (program, _ports, { bodies }) =>
    until(program, () => bodies.some(body => /"organization":"B"/.test(body))),
  'faker-events': program => program.said(/^\d{13} \d+ [A-D]$/m),
}

/** Programs with addresses that are free. */
function withAddresses(programs, url, ports) {
  return Object.fromEntries(
    Object.entries(programs).map(([name, code]) => [
      name,
      code
        .replaceAll('postgres://materialize@127.0.0.1:6875/materialize', url)
        .replaceAll('9884', ports.metrics)
        .replaceAll('9093', ports.alertmanager)
        .replaceAll("'alerts-state'", `\`state-\${process.pid}\``),
    ]),
  )
}

/** The same program where `await` is not allowed outside of a function. */
function asCommonJs(program) {
  const [imports, rest] = [/^import .*$/gm, program.replace(/^import .*$/gm, '')]
  return `${program.match(imports).join('\n')}\nasync function main(): Promise<void> {\n${rest}}\nvoid main()\n`
}

function compiler(format, names) {
  return {
    compilerOptions: {
      strict: true,
      module: 'nodenext',
      target: 'es2022',
      lib: ['es2023', 'esnext.disposable'],
      types: ['node'],
    },
    files: names.map(name => `${name}.${format}`),
  }
}

function command(project, name) {
  return path.join(project, 'node_modules', '.bin', process.platform === 'win32' ? `${name}.cmd` : name)
}

/** A running program, and what it has said so far. */
class Program {
  #child
  #output = ''
  #errors = ''
  /** With all that it said: after the exit there may be more to read. */
  #hasEnded = false

  constructor(file, args, cwd) {
    this.#child = spawn(file, args, { cwd, stdio: ['ignore', 'pipe', 'pipe'] })
    this.#child.stdout.setEncoding('utf8').on('data', text => {
      this.#output += text
    })
    this.#child.stderr.setEncoding('utf8').on('data', text => {
      this.#errors += text
    })
    this.#child.once('close', () => {
      this.#hasEnded = true
    })
  }

  /** Resolves with the match as soon as it has said it; throws if it ends without. */
  async said(pattern) {
    await until(this, () => pattern.test(this.#output))
    return pattern.exec(this.#output)
  }

  get hasEnded() {
    return this.#hasEnded
  }

  get words() {
    return `${this.#output}${this.#errors}`
  }

  end() {
    if (this.hasEnded) return
    return new Promise(resolve => this.#child.once('close', resolve) && this.#child.kill('SIGKILL'))
  }
}

async function until(program, holds) {
  for (const deadline = Date.now() + 60_000; Date.now() < deadline; ) {
    const hadEnded = program.hasEnded
    if (await holds()) return
    if (hadEnded) throw new Error(`it ended without: ${program.words}`)
    await new Promise(resolve => setTimeout(resolve, 50))
  }
  throw new Error(`not within a minute: ${program.words}`)
}

/** Takes what Alertmanager would. */
function receiver() {
  const bodies = []
  const server = createServer(async (request, response) => {
    let body = ''
    for await (const chunk of request) body += chunk
    bodies.push(body)
    response.end('{}')
  })
  return new Promise(resolve =>
    server.listen(0, '127.0.0.1', () =>
      resolve({
        port: server.address().port,
        bodies,
        close: () => new Promise(done => server.close(done) && server.closeAllConnections()),
      }),
    ),
  )
}
