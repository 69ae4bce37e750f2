import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { HttpReceiver } from '@mzalert/alert-sinks/testing'
import { messages, progress, type ScriptedClient, ScriptedServer, update } from '@mzalert/tail-client/testing'
import { afterEach, beforeEach, expect, test } from 'vitest'

const program = fileURLToPath(new URL('../dist/main.js', import.meta.url))

let folder: string
let server: ScriptedServer
let receiver: HttpReceiver
let connections: ScriptedClient[]
/** What a connection is sent after the answer to its statement. */
let rows: readonly string[] | undefined
const children: ChildProcess[] = []

beforeEach(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'mzalert-direct-'))
  connections = []
  rows = ['B']
  let atMs = 1000
  server = await ScriptedServer.start({
    columns: [{ name: 'org', oid: 25 }],
    copy: client => {
      connections.push(client)
      client.send(messages.copyOut(4))
      if (rows === undefined) return
      atMs += 1000
      const updates = rows.map(org => update(atMs, 1, org))
      client.send(progress(atMs), ...updates, progress(atMs + 1))
    },
  })
  receiver = await HttpReceiver.start()
  await writeFile(
    path.join(folder, 'alerts.yaml'),
    `connection: ${server.url}
store: ${path.join(folder, 'state')}
alerts:
  - view: spikes
    labels: { org: org }
sinks:
  - webhook: { url: ${receiver.url} }
`,
  )
})
afterEach(async () => {
  for (const child of children.splice(0)) child.kill('SIGKILL')
  await server.close()
  await receiver.close()
  await rm(folder, { recursive: true, force: true })
})

interface Program {
  readonly child: ChildProcess
  readonly said: () => string
  readonly ended: Promise<number | null>
}

function start(file = path.join(folder, 'alerts.yaml')): Program {
  const child = spawn(process.execPath, [program, file], { stdio: ['ignore', 'ignore', 'pipe'] })
  children.push(child)
  let said = ''
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    said += text
  })
  const ended = once(child, 'close').then(([code]: (number | null)[]) => code ?? null)
  return { child, said: () => said, ended }
}

/** Waits for a condition; fails by the test's own deadline. */
async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await new Promise(resolve => setTimeout(resolve, 10))
}

function told(): readonly string[] {
  const bodies = receiver.bodies as readonly {
    readonly alerts: readonly { readonly status: string; readonly labels: { readonly org: string } }[]
  }[]
  return bodies.flatMap(({ alerts }) => alerts).map(({ status, labels }) => `${labels.org} ${status}`)
}

test.each(['SIGTERM', 'SIGINT'] as const)('%s ends it well, also before the first snapshot', async signal => {
  rows = undefined
  const { child, ended } = start()
  await until(() => connections.length > 0)
  child.kill(signal)
  expect(await ended).toBe(0)
})

test('a stream that is over by an error ends it with exit code 1, and says why', async () => {
  const { said, ended } = start()
  await until(() => told().length > 0)
  const wrong = messages.error('42703', 'column "spike" does not exist')
  connections.at(-1)?.send(wrong, messages.readyForQuery())
  expect(await ended).toBe(1)
  expect(said()).toContain('spikes: [STREAM_FAILED]')
  expect(told()).toEqual(['B firing'])
})

test('a label whose column is not there ends it with exit code 1 before any row comes, and says why', async () => {
  rows = []
  const file = path.join(folder, 'alerts.yaml')
  await writeFile(file, (await readFile(file, 'utf8')).replace('org: org', 'org: organisation'))
  const { said, ended } = start()
  expect(await ended).toBe(1)
  expect(said()).toContain('labels.org is filled by column "organisation", which the rows do not have')
})

test('what ended while it was stopped is resolved when it is started again, and nothing is told twice', async () => {
  const first = start()
  await until(() => first.said().includes('1 view is watched') && told().length > 0)
  first.child.kill('SIGTERM')
  expect(await first.ended).toBe(0)
  expect(await readdir(path.join(folder, 'state'))).not.toEqual([])
  rows = ['C']
  const second = start()
  await until(() => told().length >= 3)
  second.child.kill('SIGTERM')
  expect(await second.ended).toBe(0)
  expect(told().toSorted()).toEqual(['B firing', 'B resolved', 'C firing'])
})

test('a file that cannot be used ends it with exit code 1 and one sentence', async () => {
  const file = path.join(folder, 'bad.yaml')
  await writeFile(file, 'connection: x\nalerts: []')
  const { said, ended } = start(file)
  expect(await ended).toBe(1)
  expect(said()).toBe('sinks of the file must be a list.\n')
})
