import { expect, test } from 'vitest'
import { tail } from '../../src/index.js'
import { progress, update } from '../../src/testing/messages.js'
import { resolveName } from '../support/names.js'
import { accepted, collect, serve } from '../support/serve.js'

test('T21: a name that cannot be resolved is tried again, and asked for again', async () => {
  const { options, server } = await serve({ copy: client => client.send(accepted, progress(1), progress(2)) })
  const answers = ['ENOTFOUND', 'EAI_AGAIN'].map(code => Object.assign(new Error(code), { code }))
  let asked = 0
  resolveName('db.example', () => answers[asked++] ?? ['127.0.0.1'])
  const stream = tail('v', { ...options, connection: `postgres://u@db.example:${server.port}/d` })
  const reasons: string[] = []
  stream.events.on('retry', ({ error }) => reasons.push(`${error.code} ${error.message.split('(')[1]}`))
  await collect(stream.batches(), () => true)
  expect(reasons).toEqual(['CONNECTION_REFUSED ENOTFOUND).', 'CONNECTION_REFUSED EAI_AGAIN).'])
  expect(asked).toBe(3)
})

test('T21: of a name with several addresses, those that answer are found in one attempt', async () => {
  const { options, server } = await serve({
    copy: client => client.send(accepted, progress(1), update(1, 1, 'a'), progress(2)),
  })
  // Nobody listens at the first two.
  resolveName('db.example', () => ['127.0.0.2', '127.0.0.3', '127.0.0.1'])
  const stream = tail('v', {
    ...options,
    connection: `postgres://u@db.example:${server.port}/d`,
    retry: false,
  })
  const [batch] = await collect(stream.batches(), () => true)
  expect(batch?.updates).toHaveLength(1)
})
