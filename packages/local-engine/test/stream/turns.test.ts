import { expect, it } from 'vitest'
import { Turns } from '../../src/stream/turns.js'

it('one owner has the session, and the others get it in the order in which they asked', async () => {
  const turns = new Turns()
  const [a, b, c] = [{}, {}, {}]
  const order: string[] = []
  await turns.take(a)
  const waiting = [turns.take(b).then(() => order.push('b')), turns.take(c).then(() => order.push('c'))]
  expect(await turns.take(a)).toBe(true)
  expect(turns.holds(a)).toBe(true)
  turns.give(c)
  expect(turns.holds(a)).toBe(true)
  turns.give(a)
  await waiting[0]
  expect(turns.holds(b)).toBe(true)
  turns.give(b)
  await waiting[1]
  expect(order).toEqual(['b', 'c'])
})

it('who withdraws is refused, and those behind move up', async () => {
  const turns = new Turns()
  const [a, b, c] = [{}, {}, {}]
  await turns.take(a)
  const second = turns.take(b)
  const third = turns.take(c)
  expect(turns.withdraw(b)).toBe(true)
  expect(turns.withdraw(b)).toBe(false)
  expect(await second).toBe(false)
  turns.give(a)
  expect(await third).toBe(true)
})

it('when it is closed, everyone who waits or asks is refused', async () => {
  const turns = new Turns()
  const [a, b] = [{}, {}]
  await turns.take(a)
  const waiting = turns.take(b)
  turns.close()
  expect(await waiting).toBe(false)
  expect(await turns.take(b)).toBe(false)
})
