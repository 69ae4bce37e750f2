import { expect, test } from 'vitest'
import { TailError, type TailErrorCode } from '../src/errors.js'
import { fromServer } from '../src/failures.js'
import { decide, delayMs } from '../src/resume.js'

const always = { retry: {}, waitForRelation: false, failures: 1, silentMs: 0 } as const

function error(code: TailErrorCode, retryable = true): TailError {
  return new TailError(code, 'x', { retryable })
}

test('delays double up to the longest, each somewhere between its half and itself', () => {
  const backoff = { initialMs: 100, maxMs: 1000 }
  expect([1, 2, 3, 4, 5, 99].map(attempt => delayMs(attempt, backoff, () => 1))).toEqual([
    100, 200, 400, 800, 1000, 1000,
  ])
  expect([1, 2, 3, 4, 5, 99].map(attempt => delayMs(attempt, backoff, () => 0))).toEqual([
    50, 100, 200, 400, 500, 500,
  ])
})

test('what cannot get better by trying again is not tried again', () => {
  expect(decide(error('CONNECTION_LOST'), always)).toBe('retry')
  expect(decide(error('SQL_ERROR', false), always)).toBe('fatal')
  expect(decide(error('CONNECTION_LOST'), { ...always, retry: false })).toBe('fatal')
  expect(decide(error('CONNECTION_LOST'), { ...always, retry: { giveUpAfterMs: 10 }, silentMs: 10 })).toBe(
    'exhausted',
  )
  expect(decide(error('RELATION_NOT_FOUND', false), always)).toBe('fatal')
  expect(decide(error('RELATION_NOT_FOUND', false), { ...always, waitForRelation: true })).toBe('retry')
  expect(decide(error('DATAFLOW_ERROR'), { ...always, failures: 3 })).toBe('retry')
  expect(decide(error('DATAFLOW_ERROR'), { ...always, failures: 4 })).toBe('fatal')
})

test.each([
  ['57P01', 'terminating connection due to administrator command', 'SERVER_SHUTDOWN', true],
  ['53300', 'too many connections', 'SERVER_BUSY', true],
  ['53200', 'SUBSCRIBE fell behind: the client did not read results fast enough', 'FELL_BEHIND', true],
  ['XX000', 'total result exceeds max size of 1.0 GiB', 'FELL_BEHIND', true],
  ['0A000', 'CLUSTER "c" has no replicas available to service request', 'SERVER_BUSY', true],
  ['22000', 'could not find a valid timestamp for the query', 'HISTORY_LOST', false],
  [
    '22000',
    'subscription lower bound (`AS OF`) is greater than its upper bound (`UP TO`): 2 > 1',
    'SQL_ERROR',
    false,
  ],
  ['42704', "relation 'materialize.public.mv' was dropped", 'RELATION_DROPPED', true],
  ['42501', 'permission denied for view "v"', 'AUTH_FAILED', false],
  ['08004', 'TLS encryption is required', 'TLS_FAILED', false],
  ['42601', 'TAIL has been renamed to SUBSCRIBE', 'SQL_ERROR', false],
])('%s %s is %s', (sqlState, message, code, retryable) => {
  expect(fromServer({ severity: 'ERROR', sqlState, message })).toMatchObject({ code, retryable, sqlState })
})
