import { describe, expect, test } from 'vitest'
import { gaveUp, reasonOf, sinkFailed } from '../src/errors.js'
import { EventsError, scenarios } from '../src/index.js'
import { isRetryable } from '../src/retryable.js'

describe('an EventsError', () => {
  test('is known by its brand, also when it comes from another copy of the package', () => {
    const foreign = Object.assign(new Error('from elsewhere'), {
      [Symbol.for('@mzalert/faker-events/error')]: true,
    })
    expect(EventsError.is(foreign)).toBe(true)
    expect(EventsError.is(new EventsError('SINK_BUSY', 'Busy.'))).toBe(true)
    expect([new Error('no'), null, undefined, 'SINK_BUSY'].some(EventsError.is)).toBe(false)
  })

  test('says which option is wrong, what it is, and what it takes', () => {
    expect(() => scenarios.deployments({ customers: 0 })).toThrow(
      expect.objectContaining({
        code: 'INVALID_OPTION',
        retryable: false,
        message: '[INVALID_OPTION] customers is 0. It takes a whole number from 1 to 100000.',
        details: { name: 'customers', value: 0, range: 'a whole number from 1 to 100000' },
      }),
    )
  })

  test('says where sending stopped, once, however deep the cause lies', () => {
    const refused = Object.assign(new Error('connect ECONNREFUSED 127.0.0.1:9092'), { code: 'ECONNREFUSED' })
    const error = gaveUp(sinkFailed('kafka', refused, true), {
      attempts: 3,
      sent: 100,
      unsent: 7,
      stream: 'spike',
      index: 40,
    })
    expect(error.message).toBe(
      '[SINK_FAILED] Tried 3 times to send 7 events from spike 40 on; the 100 before them have arrived. ' +
        'kafka: connect ECONNREFUSED 127.0.0.1:9092. This may pass: try again.',
    )
    expect(error).toMatchObject({
      retryable: true,
      details: { sent: 100, unsent: 7, stream: 'spike', index: 40 },
    })
  })
})

describe('an error of somebody else', () => {
  test.each([
    ['one of ours that may pass', new EventsError('SINK_FAILED', 'x', { retryable: true }), true],
    ['one of ours that may not', new EventsError('SINK_FAILED', 'x'), false],
    ['one that a Kafka client calls retriable', Object.assign(new Error('x'), { retriable: true }), true],
    ['a refused connection', Object.assign(new Error('x'), { code: 'ECONNREFUSED' }), true],
    ['a mistake', new TypeError('x is not a function'), false],
    ['no error at all', 'sorry', false],
    ['nothing', null, false],
    ['what Platformatic says', { code: 'PLT_KFK_PROTOCOL', canRetry: true }, true],
    ['what Platformatic says of what will not pass', { code: 'PLT_KFK_USER', canRetry: false }, false],
    ['an answer that did not come in time', { code: 'PLT_KFK_NETWORK', canRetry: false }, true],
    ['several that may all pass', new AggregateError([{ canRetry: true }, { retriable: true }]), true],
    ['several of which one will not', new AggregateError([{ canRetry: true }, new Error('x')]), false],
    ['several that are none', new AggregateError([]), false],
  ])('is retried if it says that it may pass: %s', (_, error, retried) => {
    expect(isRetryable(error)).toBe(retried)
  })

  test('has a reason even where it has no message', () => {
    const none = Object.assign(new AggregateError([new Error('connect ECONNREFUSED ::1:1')]), {
      code: 'ECONNREFUSED',
    })
    expect(reasonOf(none)).toBe('connect ECONNREFUSED ::1:1')
    expect(reasonOf(Object.assign(new AggregateError([]), { code: 'ECONNREFUSED' }))).toBe('ECONNREFUSED')
    expect(reasonOf(new RangeError())).toBe('RangeError')
    expect(reasonOf('a text')).toBe('a text')
  })
})
