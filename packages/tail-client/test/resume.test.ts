import { expect, test } from 'vitest'
import { TailError, type TailErrorCode } from '../src/errors.js'
import { delayMs, Retries, type RetryPolicy } from '../src/resume.js'
import { FakeClock } from '../src/testing/clock.js'

const always: RetryPolicy = {
  retry: {},
  backoff: { initialMs: 1, minMs: 1, maxMs: 1 },
  waitForRelation: false,
  clock: new FakeClock(),
  random: () => 0,
}

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

/** How many attempts in a row these errors are worth, the last of them again and again; Infinity for more than twenty. */
function attempts(policy: Partial<RetryPolicy>, ...errors: readonly TailError[]): number {
  const retries = new Retries({ ...always, ...policy })
  for (let made = 0; made <= 20; made++) {
    const next = errors[Math.min(made, errors.length - 1)]
    if (!next) break
    try {
      retries.after(next)
    } catch (given) {
      expect(given === next || (TailError.is(given) && given.cause === next)).toBe(true)
      return made
    }
  }
  return Number.POSITIVE_INFINITY
}

test('T14: what cannot get better by trying again is not tried again', () => {
  const unlimited = Number.POSITIVE_INFINITY
  expect(attempts({}, error('CONNECTION_LOST'))).toBe(unlimited)
  expect(attempts({}, error('SQL_ERROR', false))).toBe(0)
  expect(attempts({ retry: false }, error('CONNECTION_LOST'))).toBe(0)
  expect(attempts({}, error('DATAFLOW_ERROR'))).toBe(3)
  expect(attempts({}, error('RESULT_TOO_LARGE'))).toBe(3)
  expect(attempts({}, error('SCHEMA_MISMATCH'))).toBe(3)
  expect(attempts({}, error('UNEXPECTED_END'))).toBe(5)
  expect(attempts({}, error('AUTH_FAILED'))).toBe(1)
  expect(attempts({ retry: { maxAttempts: 3 } }, error('CONNECTION_LOST'))).toBe(3)
})

test('T14: an error is tried as often as it is worth, however many others came before it', () => {
  const refused = Array.from({ length: 9 }, () => error('CONNECTION_REFUSED'))
  expect(attempts({}, ...refused, error('DATAFLOW_ERROR'))).toBe(12)
})

test('T43: a relation that is not there, or that may not be read yet, is waited for where that is asked', () => {
  const denied = new TailError('AUTH_FAILED', 'x', { sqlState: '42501' })
  const wrongPassword = new TailError('AUTH_FAILED', 'x', { sqlState: '28P01' })
  for (const missing of [error('RELATION_NOT_FOUND', false), denied]) expect(attempts({}, missing)).toBe(0)
  expect(attempts({ waitForRelation: true }, error('RELATION_NOT_FOUND', false))).toBe(
    Number.POSITIVE_INFINITY,
  )
  expect(attempts({ waitForRelation: true }, denied)).toBe(Number.POSITIVE_INFINITY)
  expect(attempts({ waitForRelation: true }, wrongPassword)).toBe(0)
})

test('T16: an attempt that fails after too long without progress is the last', () => {
  const clock = new FakeClock()
  const retries = new Retries({ ...always, clock, retry: { giveUpAfterMs: 10 } })
  retries.after(error('CONNECTION_LOST'))
  clock.advance(9)
  retries.after(error('CONNECTION_LOST'))
  clock.advance(1)
  expect(() => retries.after(error('CONNECTION_LOST'))).toThrow('[RETRIES_EXHAUSTED]')
  retries.progressed()
  expect(retries.after(error('CONNECTION_LOST'))).toEqual({ attempt: 1, delayMs: 1 })
})
