import { expect, it } from 'vitest'
import { completeOptions } from '../../src/engine/options.js'
import { Oracle } from '../../src/stream/oracle.js'

it('a clock that throws is refused at the start, and later taken for one that stands still', () => {
  let isBroken = true
  const nowMs = (): number => {
    if (isBroken) throw new Error('no time')
    return 1000
  }
  expect(() => completeOptions({ nowMs })).toThrow(expect.objectContaining({ code: 'INVALID_OPTION' }))
  isBroken = false
  const oracle = new Oracle(completeOptions({ nowMs }).nowMs)
  expect(oracle.next()).toBe(1000)
  isBroken = true
  expect([oracle.now(), oracle.next()]).toEqual([1000, 1001])
})
