import { execFile } from 'node:child_process'
import { mkdtemp, readdir, rm, symlink, writeFile } from 'node:fs/promises'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { EngineError, startEngine } from '@mzalert/local-engine'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { query } from '../../src/wire/frontend.js'
import { engineFor, movableClock } from '../support/engine.js'
import { readDataRowFor } from '../support/extended.js'
import { RawClient } from '../support/raw-client.js'
import { OpenStream } from '../support/stream.js'
import { until } from '../support/wait.js'

const run = promisify(execFile)
const packageFolder = new URL('../..', import.meta.url).pathname

const formats = [
  ['ESM', "import('@mzalert/local-engine')"],
  ['CommonJS', "Promise.resolve(require('@mzalert/local-engine'))"],
] as const

async function caught(promise: Promise<unknown>): Promise<EngineError> {
  const thrown = await promise.then(
    () => undefined,
    (reason: unknown) => reason,
  )
  if (!EngineError.is(thrown)) throw new Error(`not an EngineError: ${String(thrown)}`)
  return thrown
}

describe('starting', () => {
  it('a port that is taken is named in the error', async () => {
    const taken = createServer()
    const port = await new Promise<number>(resolve => {
      taken.listen(0, '127.0.0.1', () => resolve(Object(taken.address()).port))
    })
    const error = await caught(engineFor({ port }))
    expect(error).toMatchObject({ code: 'PORT_BUSY', retryable: true })
    expect(error.message).toContain(`127.0.0.1:${port}`)
    taken.close()
  })

  it('an option that is wrong is refused before anything happens', async () => {
    for (const options of [
      { port: -1 },
      { retain: [{ table: '', timestampMs: 'x', forMs: 1 }] },
      { maxCopyInBytes: 0 },
    ]) {
      expect(await caught(startEngine(options))).toMatchObject({ code: 'INVALID_OPTION', retryable: false })
    }
  })

  it('the address in its URL is the one that it listens on', async () => {
    await using engine = await engineFor()
    expect(engine.url).toBe(`postgres://materialize@127.0.0.1:${engine.port}/materialize`)
    expect(engine.events.at(-1)).toMatchObject({ type: 'started', url: engine.url })
  })
})

describe('a data directory', () => {
  it('L7: is one by whatever path it is given, however long, and one engine has it', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'mzalert-data-'))
    const parent = join(folder, 'long'.repeat(30))
    const [dataDir, link] = [join(parent, 'data'), join(folder, 'link')]
    const first = await engineFor({ dataDir })
    await first.execute('create table kept (x int)')
    await symlink(dataDir, link)
    const error = await caught(engineFor({ dataDir: link }))
    expect(error).toMatchObject({ code: 'START_FAILED' })
    expect(error.message).toContain('is in use by another engine')
    await first.close()
    await using second = await engineFor({ dataDir: link })
    await second.execute('insert into kept values (1)')
    expect((await caught(engineFor({ dataDir }))).message).toContain('is in use by another engine')
    await second.close()
    await rm(folder, { recursive: true })
  })
})

// Without a prepared data directory a start takes seconds, on a busy machine many.
describe('the prepared data directory', { timeout: 90_000 }, () => {
  let folder: string

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'mzalert-cache-'))
  })

  afterAll(() => rm(folder, { recursive: true }))

  it('is made once, by two that start at the same time too, and used from then on', async () => {
    const cacheDir = join(folder, 'shared')
    const both = await Promise.all([engineFor({ cacheDir }), engineFor({ cacheDir })])
    await Promise.all(both.map(engine => engine.close()))
    const files = await readdir(cacheDir)
    expect(files).toHaveLength(1)
    await using third = await engineFor({ cacheDir })
    expect(third.events.at(-1)).toMatchObject({ type: 'started', cache: 'found' })
  })

  it('is made again if it is broken', async () => {
    const cacheDir = join(folder, 'shared')
    const [file = ''] = await readdir(cacheDir)
    await writeFile(join(cacheDir, file), 'not an archive')
    await using engine = await engineFor({ cacheDir })
    expect(engine.events).toMatchObject([{ type: 'cache-unavailable' }, { type: 'started', cache: 'made' }])
    await writeFile(join(cacheDir, file), 'not an archive')
    await using onDisk = await engineFor({ cacheDir, dataDir: join(folder, 'data') })
    expect(onDisk.events).toMatchObject([{ type: 'cache-unavailable' }, { type: 'started', cache: 'made' }])
    await onDisk.execute('create table t (x int)')
  })

  it('is done without if it cannot be written', async () => {
    const file = join(folder, 'a file')
    await writeFile(file, '')
    await using engine = await engineFor({ cacheDir: join(file, 'inside') })
    expect(engine.events.some(event => event.type === 'cache-unavailable')).toBe(true)
    expect(engine.events.at(-1)).toMatchObject({ type: 'started', cache: 'none' })
  })
})

describe('scripts', () => {
  it('run whole or not at all', async () => {
    await using engine = await engineFor()
    await engine.execute('create table kept (x int); insert into kept values (1)')
    const error = await caught(engine.execute('insert into kept values (2); insert into nowhere values (1)'))
    expect(error).toMatchObject({ code: 'SQL_FAILED', sqlState: '42P01' })
    expect(await caught(engine.execute('begin'))).toMatchObject({ code: 'SQL_FAILED', sqlState: '25P01' })
    expect(await caught(engine.execute('copy (subscribe kept) to stdout'))).toMatchObject({
      code: 'SQL_FAILED',
    })
    for (const other of [
      'create source s from nothing',
      'copy (subscribe kept) to stdout',
      'copy kept from stdin',
    ]) {
      expect(await caught(engine.execute(`insert into kept values (3); ${other}`))).toMatchObject({
        code: 'SQL_FAILED',
        sqlState: '0A000',
      })
    }
    const client = await RawClient.connect(engine.port)
    expect(readDataRowFor(await client.query('select count(*) from kept'))?.[0]).toBe('1')
  })
})

describe('closing', () => {
  it('L8: ends streams with FIN and no message, and what waits with an error', async () => {
    const engine = await engineFor()
    await engine.execute('create table t (x int)')
    const stream = new OpenStream(
      await RawClient.connect(engine.port),
      'copy (subscribe t with (progress)) to stdout',
    )
    await stream.settled()
    const holder = await RawClient.connect(engine.port)
    await holder.query('begin')
    const waiting = caught(engine.execute('select 1'))
    await engine.close()
    await until(() => stream.client.ended && holder.ended, 'the ends')
    expect(stream.frames.map(frame => frame.type).join('')).toMatch(/^Hd+$/)
    expect(await waiting).toMatchObject({ code: 'CLOSED' })
    expect(await caught(engine.execute('select 1'))).toMatchObject({ code: 'CLOSED' })
    await engine.close()
  })

  it('leaves no client of a busy reader hanging', async () => {
    const engine = await engineFor()
    await engine.execute(
      "create table big (s text); insert into big select repeat('x', 10000) from generate_series(1, 2000)",
    )
    const client = await RawClient.connect(engine.port)
    client.pause()
    const stream = new OpenStream(client, 'copy (subscribe big with (progress)) to stdout')
    await engine.execute('select 1')
    await engine.close()
    stream.client.destroy()
  })

  it.each(formats)('L8: leaves nothing that keeps a process alive, from %s', async (_, load) => {
    const program = `
      ${load}.then(async ({ startEngine }) => {
        const engine = await startEngine()
        await engine.execute('create table t (x int)')
        await engine.close()
        console.log('closed')
      })`
    const { stdout } = await run(process.execPath, ['-e', program], {
      cwd: packageFolder,
      timeout: 25_000,
    })
    expect(stdout).toBe('closed\n')
  })
})

describe('the death of its thread', () => {
  it('L8: is told, everyone is disconnected, nothing hangs, and another engine starts', async () => {
    const engine = await engineFor()
    await engine.execute('create table t (x int)')
    const stream = await OpenStream.accepted(engine.port, 'copy (subscribe t with (progress)) to stdout')
    const bystander = await RawClient.connect(engine.port)
    const killer = await RawClient.connect(engine.port)
    // Starting a program is beyond the machine that PostgreSQL runs on here.
    killer.write(query("do $$ begin execute 'copy (select 1) to program ''id'''; end $$"))
    await until(() => engine.events.some(event => event.type === 'died'), 'the report')
    await until(() => [stream.client, bystander, killer].every(({ ended }) => ended), 'the disconnections')
    expect(await caught(engine.execute('select 1'))).toMatchObject({ code: 'CLOSED' })
    await expect(RawClient.connect(engine.port)).rejects.toThrow()
    await engine.close()
    await using again = await engineFor({ port: engine.port })
    await again.execute('create table t (x int)')
  })
})

describe('running for long', () => {
  it('deletes old rows in slices, leaves the others, and the streams show it', async () => {
    const clock = movableClock(10_000_000)
    await using engine = await engineFor({
      nowMs: clock.nowMs,
      retain: [{ table: 'aging', timestampMs: 'at_ms', forMs: 60_000 }],
    })
    await engine.execute(`create table aging (at_ms bigint);
      insert into aging select 10000000 - 100000 from generate_series(1, 5000);
      insert into aging values (10000000), (99000000)`)
    const stream = new OpenStream(
      await RawClient.connect(engine.port),
      'copy (subscribe aging with (progress)) to stdout',
    )
    await stream.shows('10000000', '99000000')
    const pruned = engine.events.flatMap(event => (event.type === 'pruned' ? [event.rows] : []))
    expect(pruned).toEqual([2000, 2000, 1000])
    clock.set(20_000_000)
    await stream.shows('99000000')
    stream.client.destroy()
  })

  it('frees what was deleted, and writes checkpoints, by itself', async () => {
    await using engine = await engineFor()
    const client = await RawClient.connect(engine.port)
    await client.query('create table churn (x int, s text)')
    await client.query("insert into churn select g, repeat('x', 100) from generate_series(1, 20000) g")
    await client.query('update churn set x = x + 1')
    const value = async (sql: string): Promise<string> => readDataRowFor(await client.query(sql))?.[0] ?? ''
    await until(
      async () =>
        (await value("select vacuum_count from pg_stat_user_tables where relname = 'churn'")) !== '0',
      'a vacuum',
    )
    await client.query("insert into churn select g, repeat('x', 1000) from generate_series(1, 20000) g")
    const redo = 'select redo_lsn from pg_control_checkpoint()'
    const before = await value(redo)
    await until(async () => (await value(redo)) !== before, 'a checkpoint')
  })

  it('reports what keeps a table from being pruned, once', async () => {
    await using engine = await engineFor({
      retain: [{ table: 'odd', timestampMs: 'no_such_column', forMs: 1 }],
    })
    await engine.execute('create table odd (x int)')
    const failures = (): number => engine.events.filter(event => event.type === 'upkeep-failed').length
    await until(() => failures() > 0, 'the report')
    await engine.execute('insert into odd values (1)')
    expect(failures()).toBe(1)
  })
})
