import { tail } from '@mzalert/tail-client'
import { FaultProxy } from '@mzalert/tail-client/testing'
import type pg from 'pg'
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest'
import { engineFor } from '../support/engine.js'
import { PostgresServer } from '../support/postgres.js'
import { until } from '../support/wait.js'

interface Row {
  readonly k: number
  readonly v: string
}

let server: PostgresServer
let outside: pg.Client

beforeAll(async () => {
  server = await PostgresServer.start()
  outside = await server.client()
})

afterAll(async () => {
  await outside.end()
  await server.stop()
})

/** What the tail has yielded, added up, and what it must never be. */
function follow(connection: string): { sum: Map<string, number>; lost: string[] } {
  const sum = new Map<string, number>()
  const lost: string[] = []
  const stream = tail<Row>('w', { connection, retry: { initialMs: 5, maxMs: 100 } })
  stream.events.on('retry', ({ error }) => lost.push(error.code))
  const done = (async () => {
    for await (const { updates } of stream.batches()) {
      for (const { raw, diff } of updates) {
        const now = (sum.get(raw) ?? 0) + diff
        if (now === 0) sum.delete(raw)
        else sum.set(raw, now)
      }
      if ([...sum.values()].some(count => count < 0)) throw new Error('a row is there less than not at all')
    }
  })()
  onTestFinished(async () => {
    await stream.close()
    await done
  })
  return { sum, lost }
}

describe.each([0, 60_000])('a tail on an engine over PostgreSQL, with %i ms of history', historyMs => {
  it('L6: has what SELECT says, whatever happens to the connection, the engine and the server', async () => {
    await outside.query(`drop table if exists t cascade; create table t (k int, v text);
      create view w as select k, v, count(*)::int as n from t group by k, v`)
    await using engine = await engineFor({ postgres: server.url, historyMs })
    const proxy = await FaultProxy.start({ port: engine.port })
    onTestFinished(() => proxy.close())
    const { sum, lost } = follow(proxy.url)
    const agree = async (): Promise<void> => {
      const { rows } = await outside.query('select k, v, n from w')
      const wanted = JSON.stringify(rows.map(({ k, v, n }) => `${k}\t${v}\t${n}`).sort())
      await until(
        () => JSON.stringify([...sum.keys()].sort()) === wanted,
        `${wanted}, has ${[...sum.keys()]}`,
      )
    }
    const write = async (from: number): Promise<void> => {
      for (let i = from; i < from + 10; i++) {
        await outside.query('insert into t values ($1, $2), ($1, $2)', [i % 4, `v${i % 3}`])
        if (i % 3 === 0) await outside.query('delete from t where k = $1', [i % 4])
      }
    }
    await write(0)
    await agree()
    proxy.cut()
    await write(10)
    await agree()
    await engine.faults.restart({ dropHistory: true })
    await write(20)
    await agree()
    await outside.query(
      'select pg_terminate_backend(pid) from pg_stat_activity where pid <> pg_backend_pid()',
    )
    await write(30)
    await agree()
    await server.down('SIGQUIT')
    await until(() => engine.events.some(event => event.type === 'database-lost'), 'the engine to notice')
    await server.up()
    outside = await server.client()
    await write(40)
    await agree()
    expect(lost.length).toBeGreaterThan(2)
  })
})
