import { afterAll, beforeAll, describe } from 'vitest'
import { engineFor } from '../support/engine.js'
import { PostgresServer } from '../support/postgres.js'
import { printTable, replay, replayResumption, type StartEngine } from '../support/replay.js'

let server: PostgresServer

beforeAll(async () => {
  server = await PostgresServer.start()
})

afterAll(async () => {
  printTable()
  await server.stop()
})

/** Each engine has a database of its own, which is called as in the recordings. */
const start: StartEngine = async options =>
  engineFor({ ...options, postgres: await server.database('materialize') })

describe.each(['tail', 'subscribe'] as const)(
  'over PostgreSQL, posing as the generation of %s',
  generation => {
    replay(generation, start)
  },
)

describe('over PostgreSQL, with a history', () => replayResumption(start))
