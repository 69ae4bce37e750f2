import { describe, expect, it } from 'vitest'
import { answerParts } from '../../src/engine/answers.js'
import {
  closeComplete,
  commandComplete,
  errorResponse,
  message,
  parseComplete,
  readyForQuery,
} from '../../src/wire/backend.js'
import { failure } from '../../src/wire/failure.js'
import { framesOf } from '../../src/wire/frames.js'
import { errorsOf, tagsOf } from '../support/raw-client.js'

function frames(parts: readonly Buffer[]) {
  return [...framesOf(Buffer.concat(parts))]
}

describe('an answer on its way to the client', () => {
  it('loses the CopyInResponse and ReadyForQuery, which are said at another time', () => {
    const opening = message('G', body => body.int8(0).int16(0))
    const answer = answerParts(Buffer.concat([opening, commandComplete('COPY 1'), readyForQuery('I')]))
    expect(frames(answer.parts).map(frame => frame.type)).toEqual(['C'])
    expect(answer.opening).toEqual(opening)
  })

  it('has the tags that Materialize would say, each in its place', () => {
    const tags = ['SELECT 1', 'CREATE VIEW', 'SELECT 2'].map(commandComplete)
    const { parts } = answerParts(Buffer.concat(tags), {
      tags: [undefined, 'CREATE MATERIALIZED VIEW', undefined],
    })
    expect(tagsOf(frames(parts))).toEqual(['SELECT 1', 'CREATE MATERIALIZED VIEW', 'SELECT 2'])
  })

  it('has a CloseComplete only for what the client closed', () => {
    const bytes = Buffer.concat([closeComplete, parseComplete, closeComplete])
    const { parts } = answerParts(bytes, { closes: [true, false] })
    expect(frames(parts).map(frame => frame.type)).toEqual(['1', '3'])
  })

  it("names the client's statements as the client does", () => {
    const bytes = errorResponse(failure('26000', 'prepared statement "c12_mine" does not exist'))
    const { parts } = answerParts(bytes, { prefix: 'c12_' })
    expect(errorsOf(frames(parts))).toMatchObject([{ message: 'prepared statement "mine" does not exist' }])
  })
})
