import { type ChildProcess, spawn } from 'node:child_process'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { engineFor, type TestEngine } from '../support/engine.js'
import { PostgresServer } from '../support/postgres.js'
import { until } from '../support/wait.js'

interface Said {
  out: string
  err: string
  code: number | null | undefined
}

function start(url: string, words: readonly string[], input = ''): { child: ChildProcess; said: Said } {
  const plain = ['--no-psqlrc', '--tuples-only', '--no-align', '--field-separator=|']
  // A pipe is not a terminal: without this psql would keep what it prints until there are some kilobytes.
  const child = spawn('sh', ['-c', 'exec stdbuf -oL psql "$@"', 'psql', ...plain, ...words, url])
  const said: Said = { out: '', err: '', code: undefined }
  child.stdout.on('data', chunk => {
    said.out += String(chunk)
  })
  child.stderr.on('data', chunk => {
    said.err += String(chunk)
  })
  child.on('error', error => {
    said.err += `psql must be installed: ${error.message}`
    said.code = null
  })
  child.on('close', code => {
    said.code = code
  })
  child.stdin.on('error', () => {})
  child.stdin.end(input)
  return { child, said }
}

async function psql(url: string, words: readonly string[], input?: string): Promise<Said> {
  const { said } = start(url, words, input)
  await until(() => said.code !== undefined, 'psql to end')
  return said
}

let server: PostgresServer
let folder: string
const engines: Record<string, TestEngine> = {}

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'mzalert-psql-'))
  server = await PostgresServer.start()
  engines['PGlite'] = await engineFor()
  engines['PostgreSQL'] = await engineFor({ postgres: server.url })
})

afterAll(async () => {
  for (const engine of Object.values(engines)) await engine.close()
  await server.stop()
  await rm(folder, { recursive: true })
})

describe.each(['PGlite', 'PostgreSQL'])('psql on an engine over %s', name => {
  const url = (): string => engines[name]?.url ?? ''

  it('runs a script, stops at its first error, and says where it is', async () => {
    const script = join(folder, 'script.sql')
    await writeFile(
      script,
      'create table s (x int);\ninsert into s values (1);\nselect nonsense;\ninsert into s values (2);\n',
    )
    const said = await psql(url(), ['-v', 'ON_ERROR_STOP=1', '-f', script])
    expect(said.code).toBe(3)
    expect(said.err).toContain('script.sql:3: ERROR:  column "nonsense" does not exist')
    expect((await psql(url(), ['-c', 'select x from s'])).out).toBe('1\n')
  })

  it('describes what is there', async () => {
    await psql(url(), [
      '-c',
      'create table described (id int primary key, s text)',
      '-c',
      'create view seen as select s from described',
    ])
    const tables = await psql(url(), ['-c', '\\dt described', '-c', '\\dv seen'])
    expect(tables).toMatchObject({ code: 0, err: '' })
    expect(tables.out).toMatch(/^public\|described\|table\|\w+\npublic\|seen\|view\|\w+\n$/)
    const columns = await psql(url(), ['-c', '\\d described', '-c', '\\d+ seen'])
    expect(columns).toMatchObject({ code: 0, err: '' })
    expect(columns.out).toContain('id|integer')
    expect((await psql(url(), ['-c', '\\l', '-c', '\\du', '-c', '\\df public.*'])).code).toBe(0)
    expect((await psql(url(), [], 'select 1 as a, now() as b \\gdesc\n')).out).toBe(
      'a|integer\nb|timestamp with time zone\n',
    )
  })

  it('loads with \\copy and unloads with it', async () => {
    const file = join(folder, 'data.csv')
    await psql(url(), ['-c', 'create table copied (id int, s text)'])
    const loaded = await psql(url(), ['-c', '\\copy copied from stdin csv'], '1,"a, b"\n2,ü\n')
    expect(loaded).toMatchObject({ code: 0, out: 'COPY 2\n' })
    expect((await psql(url(), ['-c', `\\copy copied to '${file}' csv`])).out).toBe('COPY 2\n')
    expect((await psql(url(), ['-c', '\\copy (select s from copied order by id) to stdout'])).out).toBe(
      'a, b\nü\n',
    )
    const bad = await psql(url(), ['-c', '\\copy copied from stdin'], 'x\ty\n')
    expect(bad.code).toBe(1)
    expect(bad.err).toContain('invalid input syntax for type integer: "x"')
  })

  it('reads a large answer page by page, in a transaction of its own', async () => {
    const said = await psql(url(), [
      '-v',
      'FETCH_COUNT=100',
      '-c',
      'select g from generate_series(1, 1000) g',
    ])
    expect(said).toMatchObject({ code: 0, err: '' })
    expect(said.out.trim().split('\n')).toHaveLength(1000)
  })

  it('runs a transaction with savepoints', async () => {
    const input = `create table kept (x int);
      begin; insert into kept values (1); savepoint one; insert into kept values ('x'); rollback to one;
      insert into kept values (2); commit; select sum(x) from kept;`
    const said = await psql(url(), ['-q'], input)
    expect(said.out).toBe('3\n')
    expect(said.err).toContain('invalid input syntax for type integer: "x"')
  })

  it('prints a stream as it comes, until Ctrl-C', async () => {
    await psql(url(), ['-c', 'create table streamed (x int)'])
    const { child, said } = start(url(), ['-c', 'copy (subscribe streamed) to stdout'])
    await psql(url(), ['-c', 'insert into streamed values (41), (42)'])
    await until(() => /^\d+\t1\t41\n\d+\t1\t42\n$/.test(said.out), `the rows, not ${said.out}`)
    child.kill('SIGINT')
    await until(() => said.code !== undefined, 'psql to end')
    expect(said.err).toMatch(/^Cancel request sent\nERROR: {2}canceling statement due to user request\n$/)
  })

  it('is told what a stream cannot be', async () => {
    const said = await psql(url(), ['-c', 'tail streamed'])
    expect(said.err).toMatch(/^ERROR: {2}TAIL has been renamed to SUBSCRIBE\nLINE 1: tail streamed\n/)
    expect((await psql(url(), ['-c', 'subscribe nowhere'])).err).toMatch(/^ERROR: {2}/)
  })
})
