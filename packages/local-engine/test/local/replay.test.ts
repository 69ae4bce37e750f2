import { afterAll, describe } from 'vitest'
import { engineFor } from '../support/engine.js'
import { printTable, replay, replayResumption } from '../support/replay.js'

afterAll(printTable)

describe.each(['tail', 'subscribe'] as const)('posing as the generation of %s', generation => {
  replay(generation, engineFor)
})

describe('with a history', () => replayResumption(engineFor))
