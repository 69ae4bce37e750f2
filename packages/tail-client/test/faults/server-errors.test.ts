import { expect, test } from 'vitest'
import { tail } from '../../src/index.js'
import { messages, progress, update } from '../../src/testing/messages.js'
import { sum } from '../support/decode.js'
import { accepted, collect, failureOf, serve } from '../support/serve.js'

test('T72: a server that let go of a slow client goes on where it was, and nothing is lost or comes twice', async () => {
  const { options, server } = await serve({
    copy: (client, statement) => {
      if (statement.includes('AS OF'))
        return client.send(accepted, progress(20), update(21, 1, 'b'), progress(22))
      client.send(
        accepted,
        progress(10),
        update(10, 1, 'a'),
        progress(21),
        update(21, 1, 'b'),
        messages.error(
          '53200',
          'SUBSCRIBE fell behind: the client did not read results fast enough, so its backlog reached 134217729 bytes, exceeding the 134217728 byte budget',
        ),
        messages.readyForQuery(),
      )
    },
  })
  const stream = tail('v', options)
  const reasons: string[] = []
  stream.events.on('retry', ({ error }) => reasons.push(error.code))
  const taken = await collect(stream.batches(), batches => batches.at(-1)?.upper === 22n)
  expect(reasons).toEqual(['FELL_BEHIND'])
  expect(sum(taken)).toEqual(
    new Map([
      ['a', 1],
      ['b', 1],
    ]),
  )
  expect(server.statements.at(-1)).toContain('AS OF 20)')
})

test('T72: a dataflow that fails is tried again three times, and then given up with what the server says', async () => {
  const failed = messages.error('XX000', 'Evaluation error: division by zero')
  const { options, server } = await serve({
    copy: (client, statement) =>
      statement.includes('AS OF')
        ? client.send(accepted, progress(10), failed, messages.readyForQuery())
        : client.send(
            accepted,
            progress(10),
            update(10, 1, 'a'),
            progress(11),
            failed,
            messages.readyForQuery(),
          ),
  })
  const stream = tail('v', options)
  const reasons: string[] = []
  stream.events.on('retry', ({ error }) => reasons.push(error.code))
  const error = await failureOf(collect(stream.batches(), () => false))
  expect(error).toMatchObject({ code: 'DATAFLOW_ERROR', sqlState: 'XX000' })
  expect(error.message).toContain('division by zero')
  expect(reasons).toEqual(['DATAFLOW_ERROR', 'DATAFLOW_ERROR', 'DATAFLOW_ERROR'])
  expect(server.startups).toHaveLength(4)
})

test('T72: a dataflow that works again after its data has changed goes on', async () => {
  const failed = messages.error('XX000', 'Evaluation error: division by zero')
  const { options } = await serve({
    copy: (client, statement, index) => {
      if (!statement.includes('AS OF'))
        client.send(
          accepted,
          progress(10),
          update(10, 1, 'a'),
          progress(11),
          failed,
          messages.readyForQuery(),
        )
      else if (index < 3) client.send(accepted, progress(10), failed, messages.readyForQuery())
      else client.send(accepted, progress(10), update(15, 1, 'b'), progress(16))
    },
  })
  const taken = await collect(tail('v', options).batches(), batches => batches.at(-1)?.upper === 16n)
  expect([...sum(taken).keys()]).toEqual(['a', 'b'])
})
