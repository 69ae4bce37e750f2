import { expect, test } from 'vitest'
import { tail } from '../src/index.js'
import { progress, update } from '../src/testing/messages.js'
import { accepted, collect, failureOf, serve } from './support/serve.js'

test('T4: a slow consumer makes the socket stop, not the memory grow', async () => {
  const row = 'x'.repeat(1000)
  let blocked = false
  const { options } = await serve({
    copy: client => {
      client.send(accepted, progress(1), progress(2))
      let timestamp = 2
      const pump = (): void => {
        if (client.socket.destroyed) return
        const parts: Buffer[] = []
        for (let i = 0; i < 200; i++)
          parts.push(update(timestamp, 1, `${timestamp} ${row}`), progress(++timestamp))
        if (client.socket.write(Buffer.concat(parts))) setImmediate(pump)
        else {
          blocked = client.socket.writableLength > 4_000_000 || blocked
          client.socket.once('drain', pump)
        }
      }
      pump()
    },
  })
  const stream = tail('v', { ...options, maxBufferedBytes: 100_000 })
  const iterator = stream.batches()
  await iterator.next()
  let most = 0
  for (let i = 0; i < 300; i++) {
    // A consumer that lets the server run ahead as far as it can before it takes the next batch.
    for (let turn = 0; turn < 20; turn++) await new Promise(resolve => setImmediate(resolve))
    most = Math.max(most, stream.status.bufferedBytes)
    await iterator.next()
  }
  // The mark, and one read of the socket (64 KiB) that was under way, whose rows of 1 kB count as 1.5 kB.
  expect(most).toBeGreaterThan(100_000)
  expect(most).toBeLessThan(100_000 + 70_000 * 1.5)
  await iterator.return?.()
})

test('T4: a row longer than maxRowBytes is refused when its length is known', async () => {
  const { options } = await serve({
    copy: client => client.send(accepted, progress(1), update(1, 1, 'x'.repeat(2000)).subarray(0, 100)),
  })
  const error = await failureOf(collect(tail('v', { ...options, maxRowBytes: 1000 }).batches(), () => false))
  expect(error).toMatchObject({ code: 'ROW_TOO_LARGE', retryable: false })
})

test('T4: updates that wait for their timestamp to close are bounded', async () => {
  const { options } = await serve({
    copy: client =>
      client.send(
        accepted,
        progress(1),
        ...Array.from({ length: 50 }, (_, i) => update(1, 1, `${i} ${'x'.repeat(100)}`)),
      ),
  })
  const error = await failureOf(
    collect(tail('v', { ...options, maxBatchBytes: 2000 }).batches(), () => false),
  )
  expect(error.code).toBe('BATCH_TOO_LARGE')
})

test('T4: rows without text, and timestamps without end, are bounded as well', async () => {
  const empty = Array.from({ length: 50 }, () => update(1, 1, ''))
  const apart = Array.from({ length: 50 }, (_, i) => update(i + 1, 1, ''))
  for (const [rows, maxBatchBytes] of [
    [empty, 1000],
    [apart, 10_000],
  ] as const) {
    const { options } = await serve({
      copy: client => client.send(accepted, progress(1), ...rows, progress(100)),
    })
    const error = await failureOf(collect(tail('v', { ...options, maxBatchBytes }).batches(), () => true))
    expect(error.code).toBe('BATCH_TOO_LARGE')
  }
})
