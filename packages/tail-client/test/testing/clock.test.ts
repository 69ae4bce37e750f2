import { expect, test } from 'vitest'
import { FakeClock } from '../../src/testing/clock.js'

test('what was due while a clock slept fires in its order, but for what was cleared by what fired before', () => {
  const clock = new FakeClock()
  const fired: string[] = []
  const late = clock.setTimer(() => fired.push('late'), 20)
  clock.setTimer(() => {
    fired.push('early')
    late.clear()
  }, 10)
  clock.setTimer(() => fired.push('between'), 15)
  clock.sleep(30)
  expect(fired).toEqual(['early', 'between'])
})
