import { expect, it } from 'vitest'
import {
  closed,
  EngineError,
  engineErrorCodes,
  invalidOption,
  portBusy,
  reasonOf,
  sqlFailed,
} from '../src/errors.js'

it('an error says its code, what happened with the values, and what to do', () => {
  expect(portBusy('127.0.0.1', 6875, undefined).message).toBe(
    '[PORT_BUSY] 127.0.0.1:6875 is in use. Give another port, or 0 for any free one.',
  )
  expect(invalidOption('port', '1', 'a number').message).toBe(
    '[INVALID_OPTION] Option port is "1". Give a number.',
  )
  expect(sqlFailed('division by zero', '22012')).toMatchObject({
    code: 'SQL_FAILED',
    sqlState: '22012',
    retryable: false,
  })
})

it('an error is known by its brand, also from another copy of the package', () => {
  const foreign = Object.assign(new Error('x'), { [Symbol.for('@mzalert/local-engine/error')]: true })
  expect(EngineError.is(closed())).toBe(true)
  expect(EngineError.is(foreign)).toBe(true)
  expect(EngineError.is(new Error('x'))).toBe(false)
  expect(EngineError.is(undefined)).toBe(false)
})

it('only errors that may pass by themselves are retryable', () => {
  const retryable = engineErrorCodes.filter(code => new EngineError(code, 'x').retryable)
  expect(retryable).toEqual(['PORT_BUSY', 'START_FAILED', 'DIED'])
})

it('anything that was thrown has words', () => {
  expect(reasonOf(new AggregateError([new Error('inner')]))).toBe('inner')
  expect(reasonOf({ name: 'ErrnoError', errno: 20 })).toBe('name ErrnoError, errno 20')
  expect(reasonOf({ message: 'said' })).toBe('said')
  expect(reasonOf({})).toBe('[object Object]')
  expect(reasonOf(undefined)).toBe('undefined')
})
