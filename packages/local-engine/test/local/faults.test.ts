import { EngineError } from '@mzalert/local-engine'
import { afterEach, beforeAll, describe, expect, it, onTestFinished } from 'vitest'
import { engineFor, type TestEngine } from '../support/engine.js'
import { errorsOf, RawClient, tagsOf } from '../support/raw-client.js'
import { OpenStream } from '../support/stream.js'
import { until } from '../support/wait.js'

let engine: TestEngine

beforeAll(async () => {
  engine = await engineFor({ historyMs: 3_600_000 })
  await engine.execute('create table t (x int); insert into t values (1)')
  return () => engine.close()
})

afterEach(() => {
  engine.faults.refuse(false)
  engine.faults.silence(false)
})

async function connect(): Promise<RawClient> {
  const client = await RawClient.connect(engine.port)
  onTestFinished(() => client.destroy())
  return client
}

async function open(options = 'with (progress)'): Promise<OpenStream> {
  const stream = new OpenStream(await connect(), `copy (subscribe t ${options}) to stdout`)
  await stream.has('H')
  await stream.settled()
  return stream
}

describe('a fault that was asked for', () => {
  it('new connections are cut, those that are there go on, until it is over', async () => {
    const stream = await open()
    engine.faults.refuse(true)
    await expect(RawClient.connect(engine.port)).rejects.toThrow('the connection ended')
    const rows = stream.rows.length
    await until(() => stream.rows.length > rows, 'more progress')
    engine.faults.refuse(false)
    expect(tagsOf(await (await connect()).query('select 1'))).toEqual(['SELECT 1'])
  })

  it('after a restart the tables are there, time goes on, and a stream is resumed', async () => {
    const stream = await open()
    await engine.faults.restart()
    await until(() => stream.client.ended, 'the end of the connection')
    expect(errorsOf(stream.frames)).toEqual([])
    const asOf = (stream.rows.at(-1)?.timestamp ?? 0n) - 1n
    await engine.execute('insert into t values (2)')
    const resumed = await open(`with (progress, snapshot = false) as of ${asOf}`)
    await resumed.shows('2')
    expect(resumed.rows.every(row => row.timestamp >= asOf)).toBe(true)
  })

  it('after a restart that drops the history a stream is not resumed', async () => {
    const stream = await open()
    const asOf = stream.rows[0]?.timestamp
    await engine.faults.restart({ dropHistory: true })
    const client = await connect()
    const sql = `copy (subscribe t with (progress, snapshot = false) as of ${asOf}) to stdout`
    expect(errorsOf(await client.query(sql))).toMatchObject([
      { code: 'XX000', message: expect.stringContaining('is not valid for all inputs') },
    ])
  })

  it('a restart is over once those who were there are gone, whoever comes meanwhile', async () => {
    const stream = await open()
    const late = RawClient.connect(engine.port)
    await engine.faults.restart()
    await until(() => stream.client.ended, 'the end of the connection')
    expect(tagsOf(await (await late).query('select 1'))).toEqual(['SELECT 1'])
    ;(await late).destroy()
  })

  it('a stream is cut inside a row', async () => {
    const stream = await open()
    const rows = stream.rows.length
    engine.faults.dieInMidRow()
    await until(() => stream.client.ended, 'the end of the connection')
    expect(stream.rows).toHaveLength(rows)
    expect(stream.client.unfinished).toBeGreaterThan(5)
  })

  it('while it is silent nothing comes and nobody is cut, and afterwards the sum is right', async () => {
    const stream = await open()
    engine.faults.silence(true)
    await engine.execute('insert into t values (10)')
    // Evaluated while nothing is sent, and taken back again.
    const evaluations = engine.events.length
    await until(
      () => engine.events.slice(evaluations).some(({ type }) => type === 'evaluated'),
      'an evaluation',
    )
    await engine.execute('insert into t values (11); delete from t where x = 10')
    const late = RawClient.connect(engine.port)
    expect(stream.client.ended).toBe(false)
    expect(stream.changes.filter(row => row.line === '10' || row.line === '11')).toEqual([])
    engine.faults.silence(false)
    await until(() => stream.changes.some(row => row.line === '11'), 'the change')
    expect(tagsOf(await (await late).query('delete from t where x = 11'))).toEqual(['DELETE 1'])
    await until(() => stream.changes.some(row => row.line === '11' && row.diff < 0), 'the other change')
    ;(await late).destroy()
  })

  it('while it is slow, bytes come a few at a time', async () => {
    const stream = await open()
    engine.faults.slow(1000)
    await engine.execute(`insert into t select g from generate_series(1000, 1200) g`)
    await until(() => stream.changes.some(row => row.line === '1000'), 'the first of the rows')
    expect(stream.changes.some(row => row.line === '1200')).toBe(false)
    engine.faults.slow(undefined)
    await until(() => stream.changes.some(row => row.line === '1200'), 'the last of the rows')
    await engine.execute('delete from t where x >= 1000')
    await until(() => stream.changes.some(row => row.line === '1200' && row.diff < 0), 'what comes then')
  })

  it('while it is hardly slow, everything comes', async () => {
    engine.faults.slow(1_000_000)
    const stream = await open()
    for (let i = 0; i < 20; i++) {
      await engine.execute(`insert into t values (${500 + i})`)
      await until(() => stream.changes.some(row => row.line === String(500 + i)), `row ${500 + i}`)
    }
    await engine.execute(`insert into t select g from generate_series(2000, 9000) g`)
    await until(() => stream.changes.some(row => row.line === '9000'), 'the last of the rows')
    engine.faults.slow(undefined)
    await engine.execute('delete from t where x >= 500')
    await until(() => stream.changes.some(row => row.line === '9000' && row.diff < 0), 'what comes then')
  })

  it('time goes back, and a stream that is open shows it', async () => {
    const stream = await open()
    const frontier = stream.rows.at(-1)?.timestamp ?? 0n
    engine.faults.goBack(60_000)
    await engine.execute('insert into t values (20)')
    await until(() => stream.changes.some(row => row.line === '20'), 'the change')
    expect(stream.changes.at(-1)?.timestamp).toBeLessThan(frontier)
    await engine.execute('delete from t where x = 20')
  })

  it('is refused if it cannot be', () => {
    for (const wrong of [() => engine.faults.slow(0), () => engine.faults.goBack(-1)]) {
      expect(wrong).toThrow(EngineError)
    }
  })

  it('does nothing to an engine that is closed', async () => {
    const other = await engineFor()
    await other.close()
    other.faults.refuse(true)
    other.faults.silence(true)
    other.faults.dieInMidRow()
    other.faults.goBack(1)
    await other.faults.restart()
  })
})
