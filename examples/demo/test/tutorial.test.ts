import { type ChildProcess, spawn } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { startEngine } from '@mzalert/local-engine'
import { afterAll, beforeAll, expect, test, vi } from 'vitest'

const page = readFileSync(new URL('../../../docs/your-own-view.md', import.meta.url), 'utf8')
/** The blocks of a language on the page, in order. */
const blocks = (language: string): readonly string[] =>
  [...page.matchAll(new RegExp(`\`\`\`${language}\n([\\s\\S]*?)\`\`\``, 'g'))].map(([, text = '']) => text)
const [views = '', payments = ''] = blocks('sql')
const [configuration = ''] = blocks('yaml')
const [sample = ''] = /^ {4}(payment_alert\{.*)$/m.exec(page)?.slice(1) ?? []

const folder = mkdtempSync(path.join(tmpdir(), 'mzalert-tutorial-'))
const children: ChildProcess[] = []
let engine: Awaited<ReturnType<typeof startEngine>>

beforeAll(async () => {
  engine = await startEngine()
  await engine.execute(views)
})
afterAll(async () => {
  for (const child of children) child.kill('SIGKILL')
  await engine?.close()
  rmSync(folder, { recursive: true })
})

/** The exporter as the page starts it, but on a free port; what it prints, and its exit code. */
function exporter(...flags: readonly string[]) {
  const file = path.join(folder, 'alerts.yaml')
  writeFileSync(file, `${configuration}listen: { port: 0 }\n`)
  const manifest = createRequire(import.meta.url).resolve('@mzalert/prom-bridge/package.json')
  const { bin } = JSON.parse(readFileSync(manifest, 'utf8')) as { bin: Readonly<Record<string, string>> }
  const program = path.join(path.dirname(manifest), bin['mzalert-exporter'] ?? '')
  const child = spawn(process.execPath, [program, '--config', file, ...flags], {
    env: { ...process.env, MZ_URL: engine.url },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  children.push(child)
  const said = { out: '', err: '' }
  child.stdout.on('data', (chunk: Buffer) => {
    said.out += chunk.toString()
  })
  child.stderr.on('data', (chunk: Buffer) => {
    said.err += chunk.toString()
  })
  const ended = new Promise<number | null>(resolve => child.once('close', resolve))
  return { said, ended }
}

test('the page about a view of your own holds: its configuration is right, and explained without a row', async () => {
  const checked = exporter('--check-config')
  expect(await checked.ended).toBe(0)
  const explained = exporter('--explain')
  expect(await explained.ended).toBe(0)
  expect(explained.said.out).toContain('view payment_alert: 0 rows')
})

test('the page about a view of your own holds: four failed payments make the sample that it prints, and no other', async () => {
  expect(sample).not.toBe('')
  const { said } = exporter()
  const [url] = await vi.waitFor(
    () => /http:\/\/127\.0\.0\.1:\d+/.exec(said.err + said.out) ?? expect.fail(said.err),
    { timeout: 20_000 },
  )
  await engine.execute(payments)
  const lines = await vi.waitFor(
    async () => {
      const text = await (await fetch(`${url}/metrics`)).text()
      const found = text.split('\n').filter(line => line.startsWith('payment_alert'))
      expect(found).not.toEqual([])
      return found
    },
    { timeout: 20_000 },
  )
  expect(lines).toEqual([sample])
})
