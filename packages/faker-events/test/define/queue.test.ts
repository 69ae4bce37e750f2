import fc from 'fast-check'
import { expect, test } from 'vitest'
import { Queue } from '../../src/define/queue.js'

test('a queue gives the smallest first, whatever was added and taken in between', () => {
  fc.assert(
    fc.property(fc.array(fc.option(fc.nat(20)), { maxLength: 200 }), steps => {
      const queue = new Queue<number>((one, other) => one < other)
      let model: number[] = []
      for (const step of steps) {
        if (step === null) {
          expect(queue.take()).toBe(model[0])
          model = model.slice(1)
        } else {
          queue.add(step)
          model = [...model, step].sort((one, other) => one - other)
        }
        expect(queue.first).toBe(model[0])
      }
    }),
  )
})
