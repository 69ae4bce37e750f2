import { expect, test } from 'vitest'
import { kafkaAddress } from '../../src/program/kafka-address.js'

test.each([
  ['kafka://a:1', { brokers: ['a:1'], ssl: false, sasl: undefined, topic: undefined }],
  ['kafka://a:1,b.c:22/t.1', { brokers: ['a:1', 'b.c:22'], topic: 't.1' }],
  ['kafka+ssl://a:1/t', { brokers: ['a:1'], ssl: true, topic: 't' }],
  [
    'kafka+ssl://me:se%40cret@a:1,b:2/t',
    {
      brokers: ['a:1', 'b:2'],
      ssl: true,
      sasl: { mechanism: 'plain', username: 'me', password: 'se@cret' },
    },
  ],
  [
    'kafka://me:secret@a:1?sasl=scram-sha-512',
    {
      ssl: false,
      sasl: { mechanism: 'scram-sha-512', username: 'me', password: 'secret' },
      topic: undefined,
    },
  ],
])('%s says where a Kafka is, and who it lets in', (to, address) => {
  expect(kafkaAddress(to)).toMatchObject(address)
})

test.each(['-', 'postgres://a/b', 'kafkaesque'])('%s is no address of a Kafka', to => {
  expect(kafkaAddress(to)).toBeUndefined()
})

test.each([
  'kafka://',
  'kafka://host',
  'kafka://a:1,b',
  'kafka:a:1',
  'kafka://secret@a:1',
  'kafka://me:secret%@a:1',
  'kafka://me:secret@a:1?sasl=gssapi',
  'kafka://a:1?sasl=plain',
  'kafka+tls://me:secret@a:1',
])('%s is not understood, and repeated to nobody', to => {
  expect(() => kafkaAddress(to) ?? kafkaAddress('kafka://')).toThrow(
    expect.objectContaining({ code: 'INVALID_OPTION', message: expect.not.stringContaining('secret') }),
  )
})
