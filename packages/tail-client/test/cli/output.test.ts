import { Writable } from 'node:stream'
import { expect, test } from 'vitest'
import { follow } from '../../src/cli/follow.js'
import { Output } from '../../src/cli/output.js'
import type { ResumableBatch } from '../../src/types/batch.js'
import type { UnknownRow } from '../../src/types/update.js'
import { run } from '../support/program.js'

function batch(timestamp: bigint, rows: number): ResumableBatch<UnknownRow> {
  const updates = Array.from({ length: rows }, (_, i) => ({ row: { i }, timestamp, diff: 1, raw: `${i}` }))
  return {
    kind: 'changes',
    updates,
    lower: timestamp,
    upper: timestamp + 1n,
    token: '',
    commit: async () => {},
  }
}

test('no batch is taken before the reader has taken what was written, and none is committed before', async () => {
  const taken: bigint[] = []
  const committed: bigint[] = []
  async function* batches(): AsyncGenerator<ResumableBatch<UnknownRow>> {
    for (let timestamp = 1n; timestamp <= 3n; timestamp++) {
      taken.push(timestamp)
      yield batch(timestamp, 2000)
    }
  }
  const waiting: (() => void)[] = []
  const slow = new Writable({
    highWaterMark: 1,
    write: (_chunk, _encoding, done) => void waiting.push(done),
  })
  const output = new Output(slow, () => {})
  const following = follow(batches(), {
    write: text => output.write(text),
    changes: undefined,
    once: false,
    progress: false,
    written: async ({ lower }) => void committed.push(lower),
  })
  const turn = (): Promise<void> => new Promise(resolve => setImmediate(resolve))
  // Four writes of 500 lines a batch.
  for (let writes = 1; writes <= 12; writes++) {
    await turn()
    expect(taken).toHaveLength(Math.ceil(writes / 4))
    expect(committed).toHaveLength(Math.ceil(writes / 4) - 1)
    expect(waiting).toHaveLength(1)
    waiting.shift()?.()
  }
  await following
  expect(committed).toEqual([1n, 2n, 3n])
})

test('a reader that leaves frees whoever waits for it, a disk that is full fails them', async () => {
  for (const [code, isFailure] of [
    ['EPIPE', false],
    ['ENOSPC', true],
  ] as const) {
    let gone = 0
    const stream = new Writable({
      highWaterMark: 1,
      write: (_chunk, _encoding, done) => done(Object.assign(new Error(code), { code })),
    })
    const output = new Output(stream, () => gone++)
    const written = output.write('x')
    if (isFailure) await expect(written).rejects.toThrow('ENOSPC')
    else await written
    expect([output.isGone, gone]).toEqual([true, 1])
  }
})

test('T82: a reader that left before there was anything to read is no error', async () => {
  const { child, ended, errors } = run(['--help'])
  child.stdout.destroy()
  expect([await ended, errors()]).toEqual([0, ''])
})
