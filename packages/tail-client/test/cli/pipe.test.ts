import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type Engine, startEngine } from '../support/engine.js'
import { cacheDir, mztail, run } from '../support/program.js'
import { until } from '../support/serve.js'

const longMs = 60_000
let engine: Engine
let folder: string

beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'mztail-pipe-'))
  engine = await startEngine({ cacheDir, historyMs: 600_000 })
  await engine.execute('CREATE TABLE ticks (n int, text text); CREATE VIEW tick AS SELECT * FROM ticks')
})

afterAll(async () => {
  await engine.close()
  await rm(folder, { recursive: true })
})

interface Line {
  readonly row: { readonly n: number }
}

/** The lines that are whole: of a process that was killed, the last may be cut. */
const numbers = (output: string): number[] =>
  output
    .split('\n')
    .slice(0, -1)
    .map(line => (JSON.parse(line) as Line).row.n)

test(
  'T82: of lines that no reader had taken over when mztail was killed, all come again',
  async () => {
    const words = ['tick', '--url', engine.url, '--from', path.join(folder, 'tick.token')]
    const stalled = spawn(process.execPath, [mztail, ...words], { stdio: ['ignore', 'pipe', 'inherit'] })
    const ended = once(stalled, 'exit')
    // One who reads shows that the other has been sent the same.
    const witness = run(['tick', '--url', engine.url])
    const count = 600
    for (let n = 0; n < count; n++) {
      await engine.execute(`INSERT INTO ticks VALUES (${n}, repeat('y', 1000))`)
    }
    await until(() => numbers(witness.output()).includes(count - 1))
    stalled.kill('SIGKILL')
    let left = ''
    stalled.stdout.setEncoding('utf8').on('data', (text: string) => {
      left += text
    })
    await Promise.all([ended, once(stalled.stdout, 'close')])
    const again = run(words)
    await until(() => again.output().includes(`"n":${count - 1},`))
    again.child.kill()
    witness.child.kill()
    await Promise.all([again.ended, witness.ended])
    const came = new Set([...numbers(left), ...numbers(again.output())])
    expect(numbers(left).length).toBeGreaterThan(0)
    expect(numbers(left).length).toBeLessThan(count)
    expect([...came].sort((a, b) => a - b)).toEqual(Array.from({ length: count }, (_, n) => n))
  },
  longMs,
)

test.each(['SIGTERM', 'SIGINT'] as const)(
  'T82: %s ends mztail though its reader stands still',
  async signal => {
    await engine.execute(
      `CREATE OR REPLACE VIEW wide AS SELECT i, repeat('x', 1000) AS text FROM generate_series(1, 5000) AS i`,
    )
    const child = spawn(process.execPath, [mztail, 'wide', '--url', engine.url], {
      stdio: ['ignore', 'pipe', 'inherit'],
    })
    const ended = once(child, 'exit')
    await once(child.stdout, 'readable')
    child.kill(signal)
    expect(await ended).toEqual([0, null])
  },
  longMs,
)
