import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { messages, progress, ScriptedServer, update } from '@mzalert/tail-client/testing'
import { expect, test } from 'vitest'
import { HttpReceiver } from '../src/testing/receiver.js'

const here = fileURLToPath(new URL('.', import.meta.url))

test('the example of the README runs as it stands, but for the addresses', async () => {
  const readme = await readFile(path.join(here, '../README.md'), 'utf8')
  const [, example = ''] = /```ts\n([\s\S]*?)```/.exec(readme) ?? []
  const receiver = await HttpReceiver.start()
  const server = await ScriptedServer.start({
    columns: [
      { name: 'alert_cond', oid: 25 },
      { name: 'labels', oid: 25 },
    ],
    copy: client =>
      client.send(messages.copyOut(5), update(1000, 1, 'deployment_spike\tB'), progress(1001, 2)),
  })
  // Beside the package, so that it finds itself and what it depends on.
  const folder = await mkdtemp(path.join(here, 'readme-'))
  const file = path.join(folder, 'example.mjs')
  const program = example
    .replace('postgres://materialize@127.0.0.1:6875/materialize', server.url)
    .replace('http://127.0.0.1:9093', receiver.url)
    .replace('alerts-state', path.join(folder, 'state'))
  expect(program).not.toMatch(/6875|9093/)
  await writeFile(file, program)
  const child = spawn(process.execPath, [file], { stdio: ['ignore', 'ignore', 'pipe'] })
  const ended = once(child, 'close')
  try {
    let said = ''
    for await (const chunk of child.stderr) {
      said += String(chunk)
      if (said.includes('\n')) break
    }
    expect(said).toBe('Organization B deploys more than usual\n')
    const deadline = performance.now() + 20_000
    while (receiver.requests.length === 0 && performance.now() < deadline)
      await new Promise(resolve => setTimeout(resolve, 10))
    expect(receiver.bodies[0]).toMatchObject([
      { labels: { alertname: 'organization_alert', organization: 'B', severity: 'warning' } },
    ])
    child.kill('SIGTERM')
    expect((await ended)[0]).toBe(0)
  } finally {
    child.kill('SIGKILL')
    await server.close()
    await receiver.close()
    await rm(folder, { recursive: true, force: true })
  }
})
