import type { EngineError } from '@mzalert/local-engine'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { engineFor, type TestEngine } from '../support/engine.js'
import { PostgresServer } from '../support/postgres.js'
import { until } from '../support/wait.js'

let server: PostgresServer

beforeAll(async () => {
  server = await PostgresServer.start()
})

afterAll(() => server.stop())

/** How a script fails when something happens to it, or to the server's process that runs it. */
async function failure(
  engine: TestEngine,
  script: string,
  happens: (pid: number) => unknown,
): Promise<EngineError> {
  const outside = await server.client()
  const failed = engine.execute(script).catch((thrown: unknown) => thrown)
  const running = `select pid from pg_stat_activity where query = '${script}' and state = 'active'`
  const pid = await until(async () => (await outside.query(running)).rows[0]?.pid, 'the script')
  await happens(pid)
  await outside.end().catch(() => {})
  return Object(await failed)
}

it('L8: a script that runs on a server when the engine is closed fails as closed', async () => {
  const engine = await engineFor({ postgres: server.url })
  const error = await failure(engine, 'select pg_sleep(60)', () => engine.close())
  expect(error).toMatchObject({ name: 'EngineError', code: 'CLOSED' })
})

it('a script whose process on the server is gone without a word fails with that', async () => {
  await using engine = await engineFor({ postgres: server.url })
  const error = await failure(engine, 'select pg_sleep(61)', pid => process.kill(pid, 'SIGKILL'))
  expect(error).toMatchObject({ name: 'EngineError', code: 'SQL_FAILED', sqlState: '08006' })
})
