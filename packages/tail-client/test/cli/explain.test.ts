import { execFile } from 'node:child_process'
import { mkdir, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type Relation, tail, type UnknownRow } from '../../src/index.js'
import { type Engine, startEngine } from '../support/engine.js'
import { cacheDir, run } from '../support/program.js'

/** A compiler takes its time where others work too. */
const longMs = 120_000

const packageFolder = fileURLToPath(new URL('../..', import.meta.url))
const tsc = path.join(packageFolder, 'node_modules/typescript/bin/tsc')
let engine: Engine
let folder: string

beforeAll(async () => {
  folder = await mkdtemp(path.join(packageFolder, 'test', '.explain-'))
  engine = await startEngine({ cacheDir, historyMs: 60_000 })
  await engine.execute(`
    CREATE TABLE alerts (alert_cond text, labels text, ratio float8, "odd name" jsonb);
    CREATE VIEW organization_alert AS SELECT * FROM alerts;
    CREATE VIEW twice AS SELECT alert_cond FROM alerts;
    INSERT INTO alerts VALUES ('fast', 'acme', 0.5), ('fast', 'initech', 1)`)
})

afterAll(async () => {
  await engine.close()
  await rm(folder, { recursive: true })
})

/** Compiles a program as a stranger would who installed the package, with every check that TypeScript has. */
async function compile(file: string): Promise<void> {
  const compilerOptions = {
    noEmit: true,
    strict: true,
    exactOptionalPropertyTypes: true,
    module: 'nodenext',
    target: 'es2022',
    lib: ['es2023', 'esnext.disposable'],
    types: ['node'],
  }
  await writeFile(path.join(folder, 'tsconfig.json'), JSON.stringify({ compilerOptions, files: [file] }))
  await promisify(execFile)(process.execPath, [tsc, '-p', folder]).catch((error: { stdout?: string }) => {
    throw new Error(error.stdout)
  })
}

test(
  'explain says what a view is and what would trouble a consumer, with a loop that compiles',
  async () => {
    const { ended, output, errors } = run(['explain', 'organization_alert', '--url', engine.url])
    expect(await ended, errors()).toBe(0)
    const text = output()
    expect(text).toContain('    ratio       double precision\n')
    expect(text).toMatch(/ {2}Rows {5}2; /)
    expect(text).toMatch(/ {2}Resume {3}yes/)
    expect(text).toContain('Key      labels (unique at all times, of 2 rows at most)')
    expect(text).toMatch(/\n {2}fast +initech +1 /)
    expect(text).toContain('- ratio: floating point.')
    expect(text).toContain('- odd name: JSON')
    const loop = text.slice(text.indexOf('import { tail }'))
    await writeFile(path.join(folder, 'loop.mts'), loop)
    await install()
    await compile('loop.mts')
  },
  longMs,
)

test(
  'explain tells of duplicates, of what has no key, and of a server without history',
  async () => {
    const bare = await startEngine({ cacheDir })
    try {
      await bare.execute(`CREATE TABLE t (a text); INSERT INTO t VALUES ('x'), ('x')`)
      const { ended, output } = run(['explain', 't', '--url', bare.url])
      expect(await ended).toBe(0)
      expect(output()).toContain('2, 1 of them duplicates')
      expect(output()).toContain('same in every column')
      expect(output()).toMatch(/ {2}Resume {3}no: /)
      expect(output()).toContain('RETAIN HISTORY')
      expect(output()).toContain('for await (const { row, diff } of stream)')
    } finally {
      await bare.close()
    }
  },
  longMs,
)

test('explain of what is not there is one line, and ends with 1', async () => {
  const { ended, errors } = run(['explain', 'nope', '--url', engine.url])
  expect(await ended).toBe(1)
  expect(errors()).toMatch(/^mztail: \[RELATION_NOT_FOUND\] .*\n$/)
})

test(
  'types writes a module that compiles, and that finds out when a view has changed',
  async () => {
    await engine.execute('CREATE VIEW changing AS SELECT alert_cond, labels FROM alerts')
    const file = path.join(folder, 'views.mts')
    const { ended, errors } = run([
      'types',
      'organization_alert',
      'public.changing',
      '--out',
      file,
      '--url',
      engine.url,
    ])
    expect(await ended, errors()).toBe(0)
    expect(await readFile(file, 'utf8')).toContain("readonly 'odd name': unknown")
    await install()
    await writeFile(
      path.join(folder, 'program.mts'),
      `import { tail } from '@mzalert/tail-client'
import { organizationAlert, publicChanging } from './views.mjs'
const [connection = ''] = process.argv.slice(2)
for await (const { row } of tail(organizationAlert, { connection })) {
  const ratio: number | null = row.ratio
  // @ts-expect-error: there is no such column.
  console.log(ratio, row.nope)
  break
}
for await (const { row } of tail(publicChanging, { connection, columnNames: 'camelCase' })) {
  const condition: string | null = row.alertCond
  console.log(condition)
  break
}
`,
    )
    await compile('program.mts')
    await engine.execute(
      'DROP VIEW changing; CREATE VIEW changing AS SELECT alert_cond, 1 AS labels FROM alerts',
    )
    const { publicChanging } = (await import(/* @vite-ignore */ file)) as {
      publicChanging: Relation<UnknownRow>
    }
    await expect(tail(publicChanging, { connection: engine.url }).batches().next()).rejects.toMatchObject({
      code: 'SCHEMA_MISMATCH',
      message: expect.stringContaining('Column "labels" has type OID 23, not 25'),
    })
  },
  longMs,
)

/** The package as it would be installed: its manifest and what is built of it. */
async function install(): Promise<void> {
  await mkdir(path.join(folder, 'node_modules/@mzalert'), { recursive: true })
  const link = path.join(folder, 'node_modules/@mzalert/tail-client')
  await symlink(packageFolder, link).catch((error: NodeJS.ErrnoException) => {
    if (error.code !== 'EEXIST') throw error
  })
}
