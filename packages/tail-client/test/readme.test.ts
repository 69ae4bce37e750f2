import { readdir, readFile, rm, writeFile } from 'node:fs/promises'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'
import { compile } from './support/compile.js'
import { startEngine } from './support/engine.js'
import { cacheDir, run } from './support/program.js'
import { until } from './support/serve.js'

const packageFolder = fileURLToPath(new URL('..', import.meta.url))
const docsFolder = path.join(packageFolder, '../../docs')
const longMs = 120_000

/** What the README and the documents say of things that are the reader's own, and of packages that are not needed here. */
const own = `import type { Tail } from '@mzalert/tail-client'
import type pg from 'pg'
declare global {
  const connection: string
  const views: readonly string[]
  const client: pg.Client
  const stream: Tail
  const store: (updates: readonly object[]) => Promise<void>
  interface Total {
    readonly k: bigint
    readonly total: bigint
  }
}
`
const others = `declare module 'pino' {
  export function pino(): Record<'info' | 'warn', (fields: object, words: string) => void>
}
declare module '@opentelemetry/api' {
  interface Gauge {
    addCallback(read: (gauge: { observe(value: number, attributes: object): void }) => void): void
  }
  export const metrics: {
    getMeter(name: string): {
      createCounter(name: string): { add(value: number, attributes: object): void }
      createObservableGauge(name: string, options?: { unit: string }): Gauge
    }
  }
}
`

async function snippetsOf(file: string): Promise<readonly string[]> {
  const text = await readFile(file, 'utf8')
  return [...text.matchAll(/```ts\n([\s\S]*?)```/g)].map(([, code = '']) => code)
}

const readme = path.join(packageFolder, 'README.md')

test('every snippet of the README, and of the documents on it, compiles against what is published', {
  timeout: longMs,
}, async () => {
  const files: Record<string, string> = { 'own.d.mts': own, 'others.d.ts': others }
  const documents = (await readdir(docsFolder)).filter(file => file.endsWith('.md'))
  for (const file of [readme, ...documents.map(name => path.join(docsFolder, name))])
    for (const [at, code] of (await snippetsOf(file)).entries())
      if (code.includes("'@mzalert/tail-client'") || file === readme)
        files[`${path.basename(file, '.md')}-${at}.mts`] = `${code}\nexport {}\n`
  expect(Object.keys(files).length).toBeGreaterThan(15)
  await compile(files)
})

test('the first example runs as it stands, with its types taken away and its URL', async () => {
  await using engine = await startEngine({ cacheDir })
  await engine.execute(`
    CREATE TABLE organization_alert (alert_cond text, labels text);
    INSERT INTO organization_alert VALUES ('fast', 'acme')`)
  const [first = ''] = await snippetsOf(readme)
  const program = first
    .replace(/interface [\s\S]*?\n\}\n/, '')
    .replace('<OrganizationAlert>', '')
    .replace('postgres://materialize@localhost:6875/materialize', engine.url)
  const file = path.join(packageFolder, 'test', `.example-${process.pid}.mjs`)
  await writeFile(file, program)
  try {
    const { child, ended, output, errors } = run([file], [process.execPath])
    await until(() => output().includes('\n') || errors() !== '')
    await engine.execute('DELETE FROM organization_alert')
    await until(() => output().split('\n').length > 2 || errors() !== '')
    child.kill()
    await ended
    expect(errors()).toBe('')
    expect(output()).toMatch(/^fires acme \d+n\nresolves acme \d+n\n$/)
  } finally {
    await rm(file)
  }
})
