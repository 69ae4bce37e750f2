import { afterAll, beforeAll, describe, it } from 'vitest'
import { engineFor } from '../support/engine.js'
import { PostgresServer } from '../support/postgres.js'
import {
  forms,
  printTable,
  refusals,
  replayer,
  replayResumption,
  type StartEngine,
  streams,
} from '../support/replay.js'

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

describe.each(['tail', 'subscribe'] as const)('posing as the generation of %s', generation => {
  const replay = replayer(generation, start)

  it.each(streams[generation])(
    'L1: gives the rows, changes and messages of recording %s, over PostgreSQL',
    replay.stream,
  )

  it.each(generation === 'subscribe' ? forms : [])(
    'L1: gives every message of recording %s, over PostgreSQL',
    replay.form,
  )

  it.each(refusals[generation])('L1: refuses as recording %s does, over PostgreSQL', replay.refusal)
})

it('L1: brings what was missed, with the rows and messages of recording 54, over PostgreSQL', () =>
  replayResumption(start))
