import { type ChildProcessByStdio, spawn } from 'node:child_process'
import { once } from 'node:events'
import { connect } from 'node:net'
import type { Readable } from 'node:stream'
import { fileURLToPath } from 'node:url'
import { afterEach, expect, test } from 'vitest'

type Child = ChildProcessByStdio<null, Readable, Readable>

const children: Child[] = []

afterEach(() => {
  for (const child of children.splice(0)) child.kill('SIGKILL')
})

interface Ending {
  readonly code: number | null
  readonly out: string
  readonly err: string
}

/** The built program; gives how it ends. */
function start(environment: Readonly<Record<string, string>>, ...flags: readonly string[]) {
  const main = fileURLToPath(new URL('../dist/main.js', import.meta.url))
  const child = spawn(process.execPath, [main, ...flags], {
    env: environment,
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  children.push(child)
  let out = ''
  let err = ''
  child.stdout.on('data', chunk => {
    out += chunk
  })
  child.stderr.on('data', chunk => {
    err += chunk
  })
  const ended = once(child, 'close').then(([code]): Ending => ({ code, out, err }))
  return { child, ended }
}

test.each(['SIGINT', 'SIGTERM'] as const)(
  '%s ends it cleanly: whole lines, a summary, exit code 0',
  async signal => {
    const { child, ended } = start({ SEED: '7', EVENTS_PER_SECOND: '100', FIRST_SPIKE_MS: '0' })
    await once(child.stdout, 'data')
    child.kill(signal)
    const { code, out, err } = await ended
    const events = out
      .split('\n')
      .slice(0, -1)
      .map(line => JSON.parse(line))
    expect(code).toBe(0)
    expect(out.endsWith('\n')).toBe(true)
    expect(events.slice(0, 60).every(({ stream }) => stream === 'initial')).toBe(true)
    expect(events.filter(({ stream }) => stream === 'spike')).toHaveLength(40)
    expect(err).toBe(
      `${events.length} events, ${/\d+ batches/.exec(err)?.[0]}, ${/\d+ late/.exec(err)?.[0]}, 0 retries\n`,
    )
  },
)

test('it says whether it is well and ready, and what it has done', async () => {
  const { child, ended } = start({ PORT: '0', EVENTS_PER_SECOND: '50' })
  let err = ''
  child.stderr.on('data', chunk => {
    err += chunk
  })
  await once(child.stdout, 'data')
  const [, url = ''] = /^health and metrics at (http:\S+)\n/.exec(err) ?? []
  const ask = async (path: string): Promise<readonly [number, string]> => {
    const response = await fetch(new URL(path, url))
    return [response.status, await response.text()]
  }
  expect(await ask('/-/healthy')).toEqual([200, 'healthy\n'])
  expect(await ask('/-/ready')).toEqual([200, 'ready\n'])
  expect((await ask('/-/healthy?verbose=1'))[0]).toBe(200)
  expect((await ask('/nothing'))[0]).toBe(404)
  const [status, metrics] = await ask('/metrics')
  expect(status).toBe(200)
  expect(Number(/^mzalert_producer_events_total (\d+)$/m.exec(metrics)?.[1])).toBeGreaterThanOrEqual(60)
  for (const name of ['batches_total', 'bytes_total', 'retries_total', 'late_total', 'max_late_seconds'])
    expect(metrics).toMatch(new RegExp(`^mzalert_producer_${name} \\d`, 'm'))
  child.kill('SIGTERM')
  expect((await ended).code).toBe(0)
})

test.each(['//', '//[', '/%', '*', '/-/ready//'])('it answers a request for %s, and lives', async target => {
  const { child, ended } = start({ PORT: '0', EVENTS_PER_SECOND: '50' })
  let err = ''
  child.stderr.on('data', chunk => {
    err += chunk
  })
  await once(child.stdout, 'data')
  const { port } = new URL(/^health and metrics at (http:\S+)\n/.exec(err)?.[1] ?? '')
  const socket = connect(Number(port), '127.0.0.1')
  socket.end(`GET ${target} HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n`)
  let answer = ''
  for await (const chunk of socket) answer += String(chunk)
  expect(answer).toMatch(/^HTTP\/1\.1 40[04] /)
  child.kill('SIGTERM')
  expect((await ended).code).toBe(0)
})

test('it ends quietly when its reader has had enough', async () => {
  const { child, ended } = start({ EVENTS_PER_SECOND: '1000' })
  await once(child.stdout, 'data')
  child.stdout.destroy()
  expect(await ended).toMatchObject({ code: 0, err: '' })
})

test.each([
  [{ SINK: 'redis' }, 'SINK is "redis". It takes kafka, postgres or ndjson.\n'],
  [{ SEED: 'x' }, 'SEED is "x". It takes a number.\n'],
  [{ SINK: 'kafka', KAFKA_PARTITIONS: '3 or so' }, 'KAFKA_PARTITIONS is "3 or so". It takes a number.\n'],
  [{ SINK: 'kafka', KAFKA_SSL: 'yes' }, 'KAFKA_SSL is "yes". It takes true or false.\n'],
  [
    { SINK: 'kafka', KAFKA_SASL_MECHANISM: 'gssapi' },
    'KAFKA_SASL_MECHANISM is "gssapi". It takes plain, scram-sha-256 or scram-sha-512.\n',
  ],
  [{ CUSTOMERS: '0' }, '[INVALID_OPTION] customers is 0. It takes a whole number from 1 to 100000.\n'],
])('an environment that cannot be used is one clear line: %j', async (environment, err) => {
  expect(await start(environment).ended).toEqual({ code: 1, out: '', err })
})

test('a database that is not there is one clear line, without its password', async () => {
  const environment = { SINK: 'postgres', DATABASE_URL: 'postgres://u:secret-word@127.0.0.1:1/d' }
  const { code, err } = await start(environment).ended
  expect(code).toBe(1)
  expect(err).toMatch(/^\[SINK_FAILED\] .*"customers".* ECONNREFUSED .*\n$/)
  expect(err).not.toContain('secret-word')
})

test('a variable that is empty counts as not set', async () => {
  const { child, ended } = start({ SINK: '', SEED: '', CUSTOMERS: '' })
  await once(child.stdout, 'data')
  child.kill()
  expect((await ended).code).toBe(0)
})

test('--help says how it is configured, and what holds otherwise', async () => {
  const { code, out, err } = await start({}, '--help').ended
  expect({ code, err }).toEqual({ code: 0, err: '' })
  expect(out).toContain('  SINK                   kafka, postgres, or ndjson for standard output [ndjson]\n')
  expect(out).toContain('  SPIKE_EVERY_MS         from spike to spike [60000]\n')
  for (const name of [
    'KAFKA_BROKERS',
    'KAFKA_TOPIC',
    'DATABASE_URL',
    'SEED',
    'CUSTOMERS',
    'EVENTS_PER_SECOND',
  ])
    expect(out).toContain(`  ${name} `)
})
