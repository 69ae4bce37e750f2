import { execFile } from 'node:child_process'
import { mkdir, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { expect, test } from 'vitest'
import { startEngine } from './support/engine.js'
import { cacheDir, run } from './support/program.js'
import { until } from './support/serve.js'

const packageFolder = fileURLToPath(new URL('..', import.meta.url))
const tsc = path.join(packageFolder, 'node_modules/typescript/bin/tsc')
const longMs = 120_000

/** What the README says of things that are the reader's own. */
const own = `import type { Tail } from '@mzalert/tail-client'
import type pg from 'pg'
declare global {
  const connection: string
  const views: readonly string[]
  const client: pg.Client
  const stream: Tail
  const logger: Record<'info' | 'warn', (fields: object, words: string) => void>
  const store: (updates: readonly object[]) => Promise<void>
  interface Total {
    readonly k: bigint
    readonly total: bigint
  }
}
`

async function snippets(): Promise<readonly string[]> {
  const text = await readFile(path.join(packageFolder, 'README.md'), 'utf8')
  return [...text.matchAll(/```ts\n([\s\S]*?)```/g)].map(([, code = '']) => code)
}

test(
  'every snippet of the README compiles, against what is published',
  async () => {
    const folder = await mkdtemp(path.join(packageFolder, 'test', '.readme-'))
    try {
      await mkdir(path.join(folder, 'node_modules/@mzalert'), { recursive: true })
      await symlink(packageFolder, path.join(folder, 'node_modules/@mzalert/tail-client'))
      await writeFile(path.join(folder, 'own.d.mts'), own)
      const files: string[] = ['own.d.mts']
      for (const [at, code] of (await snippets()).entries()) {
        files.push(`snippet${at}.mts`)
        await writeFile(path.join(folder, `snippet${at}.mts`), `${code}\nexport {}\n`)
      }
      expect(files.length).toBeGreaterThan(7)
      const compilerOptions = {
        noEmit: true,
        strict: true,
        skipLibCheck: true,
        module: 'nodenext',
        target: 'es2022',
        lib: ['es2023', 'esnext.disposable'],
        types: ['node'],
      }
      await writeFile(path.join(folder, 'tsconfig.json'), JSON.stringify({ compilerOptions, files }))
      await promisify(execFile)(process.execPath, [tsc, '-p', folder]).catch((error: { stdout?: string }) => {
        throw new Error(error.stdout)
      })
    } finally {
      await rm(folder, { recursive: true })
    }
  },
  longMs,
)

test('the first example runs as it stands, with its types taken away and its URL', async () => {
  await using engine = await startEngine({ cacheDir })
  await engine.execute(`
    CREATE TABLE organization_alert (alert_cond text, labels text);
    INSERT INTO organization_alert VALUES ('fast', 'acme')`)
  const [first = ''] = await snippets()
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
