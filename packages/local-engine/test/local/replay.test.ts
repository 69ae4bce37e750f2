import { afterAll, describe, it } from 'vitest'
import { engineFor } from '../support/engine.js'
import { forms, printTable, refusals, replayer, replayResumption, streams } from '../support/replay.js'

afterAll(printTable)

describe.each(['tail', 'subscribe'] as const)('posing as the generation of %s', generation => {
  const replay = replayer(generation, engineFor)

  it.each(streams[generation])('L1: gives the rows, changes and messages of recording %s', replay.stream)

  it.each(generation === 'subscribe' ? forms : [])('L1: gives every message of recording %s', replay.form)

  it.each(refusals[generation])('L1: refuses as recording %s does', replay.refusal)
})

it('L1: brings what was missed, with the rows and messages of recording 54', () =>
  replayResumption(engineFor))
