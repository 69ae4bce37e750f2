import { expect, test } from 'vitest'
import { tail } from '../src/index.js'
import { progress, update } from '../src/testing/messages.js'
import { accepted, collect, serve } from './support/serve.js'

const rows = 20_000
const snapshot = Buffer.concat([
  accepted,
  progress(1),
  ...Array.from({ length: rows }, (_, i) => update(1, 1, `row ${i}`)),
  progress(2),
  update(2, -1, 'row 7'),
  progress(3),
])

test('a big batch can be had in parts, which together are the batch', async () => {
  const { options } = await serve({ copy: client => client.send(snapshot) })
  const saved: string[] = []
  const checkpoint = {
    name: 'parts',
    store: {
      load: async () => undefined,
      save: async (_: string, token: string) => void saved.push(token),
    },
  }
  const parts = await collect(
    tail<{ c0: string }>('v', { ...options, checkpoint }).batches({ partRows: 3000 }),
    taken => taken.at(-1)?.kind === 'changes',
  )
  const changes = parts.pop()
  expect(changes).toMatchObject({ lower: 2n, upper: 3n, part: undefined })
  expect(parts.length).toBeGreaterThan(3)
  expect(parts.flatMap(({ updates }) => updates.map(({ raw }) => raw))).toEqual(
    Array.from({ length: rows }, (_, i) => `row ${i}`),
  )
  for (const [index, part] of parts.entries()) {
    const isLast = index === parts.length - 1
    expect(part).toMatchObject({ kind: 'snapshot', lower: 1n, upper: 2n, part: { index, isLast } })
    if (!isLast) {
      expect(part.updates.length).toBeGreaterThanOrEqual(3000)
      expect(() => part.token).toThrow('[COMMIT_REFUSED]')
      await expect(part.commit()).rejects.toThrow('[COMMIT_REFUSED]')
    }
  }
  await parts.at(-1)?.commit()
  expect(saved).toEqual([parts.at(-1)?.token])
})

test('parts of no rows are refused', async () => {
  const { options } = await serve({ copy: () => {} })
  expect(() => tail('v', options).batches({ partRows: 0 })).toThrow('[INVALID_OPTION]')
})

test('a loop over a big snapshot leaves turns to the rest of the process', async () => {
  const { options } = await serve({ copy: client => client.send(snapshot) })
  let turns = 0
  let isOver = false
  let counting = false
  const count = (): void => {
    if (counting) turns++
    if (!isOver) setImmediate(count)
  }
  setImmediate(count)
  let seen = 0
  for await (const { diff } of tail('v', options)) {
    counting = true
    seen++
    if (diff < 0) break
  }
  isOver = true
  expect(seen).toBe(rows + 1)
  expect(turns).toBeGreaterThan(5)
})
