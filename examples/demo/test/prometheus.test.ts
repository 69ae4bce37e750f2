import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { expect, onTestFinished, test, vi } from 'vitest'

const program = fileURLToPath(new URL('../dist/main.js', import.meta.url))
const names = ['prometheus', 'alertmanager'] as const
/** Listens until it is ended, and leaves word of where. */
const standIn = `#!${process.execPath}
const server = require('node:net').createServer().listen(0, '127.0.0.1', () => {
  require('node:fs').writeFileSync(__filename + '.port', String(server.address().port))
})
`

test('what was started beside the demonstration ends with it, also when an Alertmanager cannot be told of what fires', async () => {
  const folder = mkdtempSync(path.join(tmpdir(), 'mzalert-demo-test-'))
  onTestFinished(() => rmSync(folder, { recursive: true }))
  for (const name of names) {
    writeFileSync(path.join(folder, name), standIn)
    chmodSync(path.join(folder, name), 0o755)
  }
  const flags = [
    '--seconds',
    '8',
    '--spike-every',
    '3',
    '--window',
    '2',
    '--sql-port',
    '0',
    '--metrics-port',
    '0',
  ]
  const nobody = 'http://127.0.0.1:9'
  const demo = spawn(process.execPath, [program, ...flags, '--prometheus', '--alertmanager', nobody], {
    env: { ...process.env, PATH: `${folder}${path.delimiter}${process.env['PATH']}` },
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  onTestFinished(() => void demo.kill('SIGKILL'))
  let said = ''
  demo.stdout.on('data', (chunk: Buffer) => {
    said += chunk.toString()
  })
  await once(demo, 'close')
  expect(said).toContain('Alertmanager at http://127.0.0.1:9 could not be reached')
  for (const name of names)
    await vi.waitFor(() =>
      expect(listens(readFileSync(path.join(folder, `${name}.port`), 'utf8'))).resolves.toBe(false),
    )
})

function listens(port: string): Promise<boolean> {
  return new Promise(resolve => {
    const socket = connect(Number(port), '127.0.0.1', () => resolve(true))
    socket.once('error', () => resolve(false)).once('connect', () => socket.destroy())
  })
}
