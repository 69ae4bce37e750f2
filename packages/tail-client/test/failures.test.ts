import { readdirSync, readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { tailErrorCodes } from '../src/errors.js'
import { fromConnect, fromServer, fromSocket } from '../src/failures.js'
import { serverFields } from '../src/wire/backend.js'

const asOfAdvice = 'RETAIN HISTORY'

test.each([
  ['57014', 'canceling statement due to user request', 'CANCELED', true],
  ['57P01', 'terminating connection due to administrator command', 'SERVER_SHUTDOWN', true],
  ['57P02', 'terminating connection because of crash', 'SERVER_SHUTDOWN', true],
  ['57P03', 'the database system is starting up', 'SERVER_SHUTDOWN', true],
  ['53300', 'too many connections', 'SERVER_BUSY', true],
  [
    '53200',
    'SUBSCRIBE fell behind: the client did not read results fast enough, so its backlog reached 134217729 bytes, exceeding the 134217728 byte budget',
    'FELL_BEHIND',
    true,
  ],
  ['XX000', 'total result exceeds max size of 1.0 GiB', 'RESULT_TOO_LARGE', true],
  ['XX000', 'result exceeds max size of 1048.6 KB', 'RESULT_TOO_LARGE', true],
  ['0A000', 'CLUSTER "c" has no replicas available to service request', 'SERVER_BUSY', true],
  ['XX000', 'target replica failed or was dropped', 'SERVER_BUSY', true],
  [
    'XX000',
    'Timestamp (1000) is not valid for all inputs: [Antichain { elements: [1649784000000] }]',
    'HISTORY_LOST',
    false,
  ],
  ['22000', 'could not find a valid timestamp for the query', 'HISTORY_LOST', false],
  [
    '22000',
    'subscription lower bound (`AS OF`) is greater than its upper bound (`UP TO`): 2 > 1',
    'SQL_ERROR',
    false,
  ],
  [
    'XX000',
    'subscribe has been terminated because underlying relation "materialize.public.mv" was dropped',
    'RELATION_DROPPED',
    true,
  ],
  [
    'XX000',
    'subscribe has been terminated because underlying cluster "c" was dropped',
    'RELATION_DROPPED',
    true,
  ],
  ['42704', "relation 'materialize.public.mv' was dropped", 'RELATION_DROPPED', true],
  ['42704', "cluster 'c' was dropped", 'RELATION_DROPPED', true],
  ['42704', "materialized view 'materialize.public.mv' was dropped", 'RELATION_DROPPED', true],
  ['XX000', "materialized view 'materialize.public.mv' was dropped", 'RELATION_DROPPED', true],
  [
    '42704',
    'query could not complete because relation "materialize.public.mv" was dropped',
    'RELATION_DROPPED',
    true,
  ],
  [
    'XX000',
    'query could not complete because relation "materialize.public.mv" was dropped',
    'RELATION_DROPPED',
    true,
  ],
  ['42704', "unknown cluster 'c'", 'SQL_ERROR', false],
  ['XX000', 'Evaluation error: division by zero', 'DATAFLOW_ERROR', true],
  ['XX000', 'Decode error: text is not UTF-8', 'DATAFLOW_ERROR', true],
  ['XX000', 'Source error: u1: file IO', 'DATAFLOW_ERROR', true],
  ['XX000', 'Envelope error: Upsert', 'DATAFLOW_ERROR', true],
  ['XX000', "unknown catalog item 'nope'", 'RELATION_NOT_FOUND', false],
  ['XX000', "unknown schema 'nope'", 'RELATION_NOT_FOUND', false],
  ['XX000', "unknown database 'nope'", 'RELATION_NOT_FOUND', false],
  ['42P01', 'relation "nope" does not exist', 'RELATION_NOT_FOUND', false],
  ['42501', 'permission denied for view "v"', 'AUTH_FAILED', false],
  ['28P01', 'password authentication failed for user "u"', 'AUTH_FAILED', false],
  ['28000', 'role "nobody" does not exist', 'AUTH_FAILED', false],
  ['28000', 'authentication expired', 'AUTH_FAILED', true],
  ['08004', 'TLS encryption is required', 'TLS_FAILED', false],
  ['08004', 'environment is restarting', 'CONNECTION_LOST', true],
  ['08006', 'connection failure', 'CONNECTION_LOST', true],
  ['42601', 'TAIL has been renamed to SUBSCRIBE', 'SQL_ERROR', false],
  [
    '42601',
    'Expected a keyword at the beginning of a statement, found identifier "subscribe"',
    'SQL_ERROR',
    false,
  ],
  ['0A000', '`ENVELOPE DEBEZIUM (KEY (..))` is not available', 'SQL_ERROR', false],
  ['3D000', 'database "d" does not exist', 'SQL_ERROR', false],
] as const)('T8: what a server says (%s, %s) is %s, retried: %s', (sqlState, message, code, retryable) => {
  const error = fromServer({ severity: 'ERROR', sqlState, message })
  expect(error).toMatchObject({ code, retryable, sqlState })
  expect(error.message.startsWith(`[${code}] The server says (${sqlState}): ${message}.`)).toBe(true)
  if (code === 'HISTORY_LOST') expect(error.message).toContain(asOfAdvice)
})

test.each([
  ['ECONNREFUSED', 'CONNECTION_REFUSED', true],
  ['ENOTFOUND', 'CONNECTION_REFUSED', true],
  ['EAI_AGAIN', 'CONNECTION_REFUSED', true],
  ['EHOSTUNREACH', 'CONNECTION_REFUSED', true],
  ['ENOENT', 'CONNECTION_REFUSED', true],
  ['ECONNRESET', 'CONNECTION_LOST', true],
  ['EPIPE', 'CONNECTION_LOST', true],
  ['ETIMEDOUT', 'CONNECTION_LOST', true],
  ['DEPTH_ZERO_SELF_SIGNED_CERT', 'TLS_FAILED', false],
  ['SELF_SIGNED_CERT_IN_CHAIN', 'TLS_FAILED', false],
  ['UNABLE_TO_VERIFY_LEAF_SIGNATURE', 'TLS_FAILED', false],
  ['CERT_HAS_EXPIRED', 'TLS_FAILED', false],
  ['ERR_TLS_CERT_ALTNAME_INVALID', 'TLS_FAILED', false],
  ['EWHATEVER', 'CONNECTION_LOST', true],
] as const)('T8: a connection that fails with %s is %s, retried: %s', (errno, code, retryable) => {
  const error = fromConnect(Object.assign(new Error('no'), { code: errno }), 'db.example:6875')
  expect(error).toMatchObject({ code, retryable })
  expect(error.message).toContain('db.example:6875')
})

test('T8: what breaks a connection that was logged in, TLS too, is a lost connection and retried', () => {
  for (const [code, message] of [
    ['ERR_SSL_TLSV1_ALERT_INTERNAL_ERROR', 'SSL routines:ssl3_read_bytes:tlsv1 alert internal error'],
    ['ERR_SSL_DECRYPTION_FAILED_OR_BAD_RECORD_MAC', 'SSL routines:bad record mac'],
    ['EPROTO', 'write EPROTO SSL routines:ssl3_read_bytes:tlsv1 alert internal error'],
    ['ECONNRESET', 'read ECONNRESET'],
  ] as const) {
    const error = Object.assign(new Error(message), { code })
    expect(fromSocket(error, 'db.example:6875')).toMatchObject({ code: 'CONNECTION_LOST', retryable: true })
  }
})

test('T8: every error in the recordings has a code of its own, and keeps what the server says', () => {
  const root = new URL('./fixtures/golden/', import.meta.url)
  const told = new Map<string, Set<string>>()
  for (const folder of ['subscribe-v0.147', 'tail-v0.26'])
    for (const file of readdirSync(new URL(folder, root)).filter(name => name.endsWith('.json'))) {
      const { messages = [] } = JSON.parse(readFileSync(new URL(`${folder}/${file}`, root), 'utf8')) as {
        messages?: readonly { type: string; hex: string; fields?: Record<string, string> }[]
      }
      for (const { hex, fields } of messages.filter(({ type }) => type === 'E')) {
        const bytes = Buffer.from(hex, 'hex')
        const error = fromServer(serverFields(bytes, 0, bytes.length))
        expect(tailErrorCodes).toContain(error.code)
        expect(error).toMatchObject({ sqlState: fields?.['C'], hint: fields?.['H'], detail: fields?.['D'] })
        expect(error.position).toBe(fields?.['P'] === undefined ? undefined : Number(fields['P']))
        expect(error.message).toContain(fields?.['M'])
        told.set(error.code, (told.get(error.code) ?? new Set()).add(error.sqlState ?? ''))
      }
    }
  expect([...told.keys()].sort()).toEqual(
    [
      'CANCELED',
      'DATAFLOW_ERROR',
      'HISTORY_LOST',
      'RELATION_DROPPED',
      'RELATION_NOT_FOUND',
      'SQL_ERROR',
    ].sort(),
  )
})
