import { expect, test } from 'vitest'
import { TailError, type TailErrorCode } from '../src/errors.js'
import { decide, delayMs } from '../src/resume.js'

const always = { retry: {}, waitForRelation: false, failures: 1, silentMs: 0 } as const

function error(code: TailErrorCode, retryable = true): TailError {
  return new TailError(code, 'x', { retryable })
}

test('T14: a delay is anything from the shortest to a mark, which doubles with every attempt in a row', () => {
  const backoff = { initialMs: 100, minMs: 20, maxMs: 1000 }
  const delays = (code: TailErrorCode, random: number): readonly number[] =>
    [1, 2, 3, 4, 5, 99].map(attempt => delayMs(attempt, code, backoff, () => random))
  expect(delays('CONNECTION_LOST', 1)).toEqual([100, 200, 400, 800, 1000, 1000])
  expect(delays('CONNECTION_LOST', 0.5)).toEqual([60, 110, 210, 410, 510, 510])
  expect(delays('CONNECTION_LOST', 0)).toEqual([20, 20, 20, 20, 20, 20])
  expect(delays('SERVER_SHUTDOWN', 1)).toEqual([400, 800, 1000, 1000, 1000, 1000])
  expect(delayMs(1, 'CONNECTION_LOST', { initialMs: 10, minMs: 50, maxMs: 5 }, () => 0.3)).toBe(5)
})

test('T14: what cannot get better by trying again is not tried again', () => {
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
  expect(decide(error('RESULT_TOO_LARGE'), { ...always, failures: 4 })).toBe('fatal')
  expect(decide(error('AUTH_FAILED'), { ...always, failures: 1 })).toBe('retry')
  expect(decide(error('AUTH_FAILED'), { ...always, failures: 2 })).toBe('fatal')
  const thrice = { ...always, retry: { maxAttempts: 3 } }
  expect(decide(error('CONNECTION_LOST'), { ...thrice, failures: 3 })).toBe('retry')
  expect(decide(error('CONNECTION_LOST'), { ...thrice, failures: 4 })).toBe('exhausted')
})
