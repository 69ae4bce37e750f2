import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { type AddressInfo, createServer } from 'node:net'
import { fileURLToPath } from 'node:url'
import { afterEach, expect, test } from 'vitest'
import { type Exporter, exporter } from '../src/exporter.js'

/** A database that accepts connections and never says anything. */
const silent = createServer()
const children: ChildProcess[] = []
let running: Exporter | undefined

afterEach(async () => {
  await running?.close()
  running = undefined
  for (const child of children.splice(0)) child.kill('SIGKILL')
})

async function silentUrl(): Promise<string> {
  if (!silent.listening) await once(silent.unref().listen(0, '127.0.0.1'), 'listening')
  return `postgres://materialize@127.0.0.1:${(silent.address() as AddressInfo).port}/materialize`
}

/** The built program; gives what it says, line by line, and how it ends. */
function run(environment: Readonly<Record<string, string>>, ...flags: readonly string[]) {
  const main = fileURLToPath(new URL('../dist/main.js', import.meta.url))
  const child = spawn(process.execPath, [main, ...flags], {
    env: environment,
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  children.push(child)
  let said = ''
  const ended = once(child, 'close').then(([code]) => ({ code: code as number | null, said }))
  const saying = (wanted: string): Promise<void> =>
    new Promise(resolve => {
      const listen = (chunk: Buffer): void => {
        said += chunk.toString()
        if (said.includes(wanted)) resolve()
      }
      child.stdout.on('data', listen)
      child.stderr.on('data', listen)
    })
  return { child, ended, saying }
}

test('it listens before the database is there, and says that it is not ready', async () => {
  running = await exporter({ connection: await silentUrl(), port: 0 })
  const statusOf = async (path: string): Promise<number> => (await fetch(running?.url + path)).status
  expect(await statusOf('/-/healthy')).toBe(200)
  expect(await statusOf('/-/ready')).toBe(503)
  expect(await statusOf('/')).toBe(200)
  const metrics = await (await fetch(`${running.url}/metrics`)).text()
  expect(metrics).toContain('mzalert_view_up{view="organization_alert"} 0\n')
  expect(metrics).toContain('mzalert_view_up{view="dim_deployments"} 0\n')
  expect(metrics).toContain('# TYPE process_cpu_seconds_total counter\n')
})

test('only the views that are wanted are served; one that is not known is named', async () => {
  running = await exporter({ connection: await silentUrl(), port: 0, views: ['customer_alert'] })
  expect(await (await fetch(`${running.url}/metrics`)).text()).not.toContain('organization_alert')
  await expect(exporter({ connection: 'postgres://x', views: ['nope'] })).rejects.toThrow(
    'No such view: nope.',
  )
})

test.each(['SIGINT', 'SIGTERM'] as const)('%s ends it cleanly', async signal => {
  const { child, ended, saying } = run({ MZ_URL: await silentUrl(), PORT: '0' })
  await saying('Listening on http://127.0.0.1:')
  child.kill(signal)
  expect((await ended).code).toBe(0)
})

test('a port that is taken is one clear line', async () => {
  const connection = await silentUrl()
  const port = new URL(connection).port
  const { ended, saying } = run({ MZ_URL: connection, PORT: port })
  await saying('\n')
  expect(await ended).toEqual({
    code: 1,
    said: `Port ${port} of 127.0.0.1 is taken. Set PORT to another one.\n`,
  })
})

test.each([
  [{ PORT: 'abc' }, 'PORT is abc. It takes a number up to 65535.\n'],
  [{ VIEWS: 'nope' }, 'No such view: nope. There are organization_alert, customer_alert, dim_deployments.\n'],
])('an environment that cannot be used is one clear line: %j', async (environment, line) => {
  const { ended, saying } = run(environment)
  await saying('\n')
  expect(await ended).toEqual({ code: 1, said: line })
})

test('--help says how it is configured', async () => {
  const { ended, saying } = run({}, '--help')
  await saying('/metrics')
  const { code, said } = await ended
  expect(code).toBe(0)
  for (const name of ['MZ_URL', 'HOST', 'PORT', 'VIEWS']) expect(said).toContain(name)
})
