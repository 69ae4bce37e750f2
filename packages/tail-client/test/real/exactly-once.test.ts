import { isDeepStrictEqual } from 'node:util'
import pg from 'pg'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { tail } from '../../src/index.js'
import { type Engine, startEngine } from '../support/engine.js'
import { startPostgres } from '../support/postgres.js'
import { cacheDir } from '../support/program.js'

let engine: Engine
let postgres: Awaited<ReturnType<typeof startPostgres>>
let output: pg.Client

beforeAll(async () => {
  engine = await startEngine({ cacheDir, historyMs: 600_000 })
  postgres = await startPostgres()
  await engine.execute(
    'CREATE TABLE numbers (n int8); CREATE VIEW totals AS SELECT n % 7 AS k, count(*) AS total FROM numbers GROUP BY 1',
  )
  output = new pg.Client(postgres.url)
  await output.connect()
  await output.query(
    'CREATE TABLE log (k int8, total int8, diff int8); CREATE TABLE place (name text PRIMARY KEY, token text)',
  )
})

afterAll(async () => {
  await output?.end()
  await postgres?.close()
  await engine?.close()
})

class Crash extends Error {}

/** The recipe of the README; dies at `crashAt`, counted in batches with updates: before or after the transaction is committed. */
async function follow(
  connection: string,
  crash: { at: number; after: boolean },
  isDone: () => Promise<boolean>,
): Promise<void> {
  const client = new pg.Client(postgres.url)
  await client.connect()
  try {
    const { rows } = await client.query<{ token: string }>("SELECT token FROM place WHERE name = 'totals'")
    const from = rows[0] ? { from: rows[0].token } : {}
    let taken = 0
    for await (const batch of tail<{ k: bigint; total: bigint }>('totals', {
      connection,
      ...from,
    }).batches()) {
      if (batch.updates.length > 0) taken++
      await client.query('BEGIN')
      for (const { row, diff } of batch.updates)
        await client.query('INSERT INTO log VALUES ($1, $2, $3)', [row.k, row.total, diff])
      await client.query(
        "INSERT INTO place VALUES ('totals', $1) ON CONFLICT (name) DO UPDATE SET token = excluded.token",
        [batch.token],
      )
      if (taken === crash.at && !crash.after) throw new Crash()
      await client.query('COMMIT')
      if (taken === crash.at) throw new Crash()
      if (await isDone()) return
    }
  } finally {
    await client.end()
  }
}

test('T33: token and output in one transaction: whenever the consumer dies, every update is there once', async () => {
  const rounds = 24
  for (let round = 0; round < rounds; round++) {
    await engine.execute(`INSERT INTO numbers SELECT i * ${round + 1} FROM generate_series(1, 5) AS i`)
    const crash = { at: 1, after: round % 2 === 0 }
    await expect(follow(engine.url, crash, async () => false)).rejects.toBeInstanceOf(Crash)
  }
  const source = new pg.Client(engine.url)
  await source.connect()
  const truth = await source.query('SELECT k, total FROM totals ORDER BY k')
  await source.end()
  const sums =
    'SELECT k, total, sum(diff)::int AS diff FROM log GROUP BY 1, 2 HAVING sum(diff) <> 0 ORDER BY 1'
  const expected = truth.rows.map(row => ({ ...row, diff: 1 }))
  const logged = async (): Promise<unknown[]> => (await output.query(sums)).rows
  // What a crash left out of the log comes with the next run.
  await follow(engine.url, { at: -1, after: false }, async () => isDeepStrictEqual(await logged(), expected))
  expect(await logged()).toEqual(expected)
  const twice = await output.query('SELECT 1 FROM log GROUP BY k, total, diff HAVING count(*) > 1')
  expect(twice.rows).toEqual([])
})
