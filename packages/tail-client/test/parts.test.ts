import v8 from 'node:v8'
import vm from 'node:vm'
import { expect, test } from 'vitest'
import { tail } from '../src/index.js'
import { progress, update } from '../src/testing/messages.js'
import { accepted, collect, serve, until } from './support/serve.js'

const rows = 20_000
const all = Array.from({ length: rows }, (_, i) => i)
/** The same rows as changes, after an empty snapshot. */
const progressFirst = Buffer.concat([accepted, progress(1), progress(2)])
const snapshotLater = Buffer.concat([...all.map(i => update(2, 1, `row ${i}`)), progress(3)])
const snapshot = Buffer.concat([
  accepted,
  progress(1),
  ...all.map(i => update(1, 1, `row ${i}`)),
  progress(2),
  update(2, -1, 'row 7'),
  progress(3),
])

test('T41: a big batch can be had in parts, which together are the batch', async () => {
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
  expect(parts.flatMap(({ updates }) => updates.map(({ raw }) => raw))).toEqual(all.map(i => `row ${i}`))
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

test('T53: parts of no rows are refused', async () => {
  const { options } = await serve({ copy: () => {} })
  expect(() => tail('v', options).batches({ partRows: 0 })).toThrow('[INVALID_OPTION]')
})

/** How often the rest of the process had its turn between the first and the last item of a loop. */
async function turnsDuring<T>(items: AsyncIterable<T>, isLast: (item: T) => boolean): Promise<number> {
  let turns = 0
  let isOver = false
  let isCounting = false
  const count = (): void => {
    if (isCounting) turns++
    if (!isOver) setImmediate(count)
  }
  setImmediate(count)
  for await (const item of items) {
    isCounting = true
    if (isLast(item)) break
  }
  isOver = true
  return turns
}

test('T41: a loop over a big snapshot leaves turns to the rest of the process', async () => {
  const { options } = await serve({ copy: client => client.send(snapshot) })
  expect(await turnsDuring(tail('v', options), ({ diff }) => diff < 0)).toBeGreaterThan(5)
})

test('T41: a loop over one row at each of many timestamps leaves turns too', async () => {
  const { options } = await serve({
    copy: client =>
      client.send(progressFirst, ...all.map(i => update(i + 2, 1, `row ${i}`)), progress(rows + 2)),
  })
  const last = `row ${rows - 1}`
  expect(await turnsDuring(tail('v', options), ({ raw }) => raw === last)).toBeGreaterThan(5)
  const changes = tail<{ a: string }>('v', options).changes({ key: 'a' })
  expect(await turnsDuring(changes, ({ row }) => row?.a === last)).toBeGreaterThan(5)
})

test('T41: a big snapshot that comes whole is decoded in turns too', async () => {
  const { options } = await serve({ copy: client => client.send(progressFirst, snapshotLater) })
  const batches = tail('v', options).batches()
  expect(await turnsDuring(batches, ({ updates }) => updates.length === rows)).toBeGreaterThan(5)
})

test('T4: a snapshot whose rows are not held is let go when the next batch is taken, whole or in parts', async () => {
  v8.setFlagsFromString('--expose-gc')
  const collectGarbage = vm.runInNewContext('gc') as () => void
  const rowBytes = 1000
  for (const partRows of [Number.POSITIVE_INFINITY, 1000]) {
    let send = (): void => {}
    const { options } = await serve({
      copy: client => {
        const rows = Array.from({ length: 20_000 }, (_, i) => update(1, 1, `${i}`.padEnd(rowBytes)))
        client.send(accepted, progress(1), ...rows, progress(2))
        send = () => client.send(progress(3))
      },
    })
    const iterator = tail('v', { ...options, onHistoryLost: 'fail' }).batches({ partRows })
    let isLast = false
    while (!isLast) {
      const { value } = await iterator.next()
      isLast = value?.part?.isLast ?? true
    }
    collectGarbage()
    const inHands = process.memoryUsage().arrayBuffers
    send()
    await iterator.next()
    await until(() => {
      collectGarbage()
      return process.memoryUsage().arrayBuffers < inHands - 20_000 * rowBytes * 0.9
    })
    await iterator.return?.()
  }
})
