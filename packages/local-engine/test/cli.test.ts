import { type ChildProcess, spawn } from 'node:child_process'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { readDataRowFor } from './support/extended.js'
import { RawClient } from './support/raw-client.js'
import { until } from './support/wait.js'

const program = fileURLToPath(new URL('../dist/cli.js', import.meta.url))
const cacheDir = join(tmpdir(), 'mzalert-local-engine-test')

interface Run {
  readonly child: ChildProcess
  readonly said: { out: string; err: string; code: number | null | undefined }
}

function run(...given: readonly (string | Readonly<Record<string, string>>)[]): Run {
  const words = given.filter(each => typeof each === 'string')
  const environment = given.filter(each => typeof each !== 'string')
  const child = spawn(process.execPath, [program, ...words], {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: Object.assign({ ...process.env }, ...environment),
  })
  const said: Run['said'] = { out: '', err: '', code: undefined }
  child.stdout.on('data', chunk => {
    said.out += String(chunk)
  })
  child.stderr.on('data', chunk => {
    said.err += String(chunk)
  })
  child.on('close', code => {
    said.code = code ?? -1
  })
  return { child, said }
}

async function ended({ said }: Run): Promise<Run['said']> {
  await until(() => said.code !== undefined, 'the end of the program')
  return said
}

let folder: string

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'mzalert-cli-'))
})

afterAll(() => rm(folder, { recursive: true }))

describe('mzalert-engine', () => {
  it.each(['SIGINT', 'SIGTERM'] as const)(
    'runs scripts, says its URL, and ends cleanly on %s',
    async signal => {
      const [one, two] = [join(folder, 'one.sql'), join(folder, 'two.sql')]
      await writeFile(one, 'CREATE TABLE t (x int);')
      await writeFile(two, 'INSERT INTO t VALUES (42);')
      const engine = run('--port', '0', '--cache-dir', cacheDir, '--sql', one, '--sql', two)
      const [, port = ''] = await until(
        () =>
          /^postgres:\/\/materialize@127\.0\.0\.1:(\d+)\/materialize\n$/.exec(engine.said.out) ?? undefined,
        'the URL',
      )
      const client = await RawClient.connect(Number(port))
      expect(readDataRowFor(await client.query('select x from t'))).toEqual(['42'])
      engine.child.kill(signal)
      expect(await ended(engine)).toMatchObject({ code: 0, err: '' })
      await until(() => client.ended, 'the end of the connection')
    },
  )

  it('L7: keeps what was committed in its data directory, even if it is killed, and shares it with nobody', {
    timeout: 120_000,
  }, async () => {
    const script = join(folder, 'kept.sql')
    await writeFile(script, 'CREATE TABLE IF NOT EXISTS kept (x int);')
    const dataDir = join(folder, 'a', 'data')
    const words = ['--port', '0', '--cache-dir', cacheDir, '--data-dir', dataDir, '--sql', script]
    for (let round = 1; round <= 3; round++) {
      const engine = run(...words)
      const [, port = ''] = await until(
        () => /:(\d+)\/materialize\n$/.exec(engine.said.out) ?? undefined,
        'the URL',
      )
      const client = await RawClient.connect(Number(port))
      expect(readDataRowFor(await client.query('select count(*) from kept'))).toEqual([String(round - 1)])
      await client.query(`insert into kept values (${round})`)
      // With another folder for temporary files, as a container or another user has.
      const second = await ended(run({ TMPDIR: folder }, ...words))
      expect(second).toMatchObject({ code: 1, out: '' })
      expect(second.err).toContain('in use by another engine')
      engine.child.kill(round === 2 ? 'SIGTERM' : 'SIGKILL')
      await until(() => client.ended, 'the end of the connection')
      await ended(engine)
    }
    await writeFile(join(folder, 'a', 'file'), '')
    const wrong = await ended(run('--port', '0', '--cache-dir', cacheDir, '--data-dir', join(folder, 'a')))
    expect(wrong.err).toContain('holds no database')
  })

  it('deletes rows that are old, as it was told', async () => {
    const script = join(folder, 'retained.sql')
    await writeFile(script, 'CREATE TABLE seen (at_s int); INSERT INTO seen VALUES (1);')
    const words = ['--port', '0', '--cache-dir', cacheDir, '--sql', script]
    const engine = run(...words, '--retain', 'seen:at_s::bigint * 1000:60000', '--history-ms', '1000')
    const [, port = ''] = await until(
      () => /:(\d+)\/materialize\n$/.exec(engine.said.out) ?? undefined,
      'the URL',
    )
    const client = await RawClient.connect(Number(port))
    await until(
      async () => readDataRowFor(await client.query('select count(*) from seen'))?.[0] === '0',
      'an empty table',
    )
    engine.child.kill('SIGTERM')
    expect(await ended(engine)).toMatchObject({ code: 0, err: '' })
    const wrong = await ended(run('--port', '0', '--retain', 'seen'))
    expect(wrong.err).toContain('[INVALID_OPTION] Option retain[0].timestampMs')
  })

  it('says what it takes', async () => {
    const said = await ended(run('--help'))
    expect(said).toMatchObject({ code: 0, err: '' })
    expect(said.out).toContain('--sql FILE')
  })

  it('says in one line that a port is taken', async () => {
    const taken = createServer()
    const port: number = await new Promise(resolve => {
      taken.listen(0, '127.0.0.1', () => resolve(Object(taken.address()).port))
    })
    const said = await ended(run('--port', String(port), '--cache-dir', cacheDir))
    expect(said).toMatchObject({ code: 1, out: '' })
    expect(said.err).toMatch(new RegExp(`^mzalert-engine: \\[PORT_BUSY\\] 127\\.0\\.0\\.1:${port}.*\\n$`))
    taken.close()
  })

  it('says in one line which script or option is wrong', async () => {
    const script = join(folder, 'wrong.sql')
    await writeFile(script, 'CREATE TABLE wrong (x nonsense);')
    const words = ['--port', '0', '--cache-dir', cacheDir]
    const [bad, missing, option, unknown] = await Promise.all([
      ended(run(...words, '--sql', script)),
      ended(run(...words, '--sql', join(folder, 'nowhere.sql'))),
      ended(run('--port', 'many')),
      ended(run('--prot', '1')),
    ])
    for (const said of [bad, missing, option, unknown]) {
      expect(said).toMatchObject({ code: 1, out: '' })
      expect(said?.err).toMatch(/^mzalert-engine: .*\n$/)
    }
    expect(bad?.err).toContain(`${script}: [SQL_FAILED]`)
    expect(missing?.err).toContain('nowhere.sql')
    expect(option?.err).toContain('[INVALID_OPTION] Option port')
    expect(unknown?.err).toContain('--prot')
  })
})
