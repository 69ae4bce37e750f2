import { randomUUID } from 'node:crypto'
import { mkdtempSync, readdirSync, rmSync, utimesSync, writeFileSync } from 'node:fs'
import { open } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { expect, onTestFinished, test, vi } from 'vitest'
import { Checkpoint } from '../src/checkpoint.js'
import { tail } from '../src/index.js'
import { fileCheckpoints } from '../src/stores/file.js'
import { progress, update } from '../src/testing/messages.js'
import { decodeToken } from '../src/token.js'
import { accepted, collect, failureOf, serve } from './support/serve.js'

/** A store that takes a turn for each save, the first one several. */
function slowStore(): {
  checkpoint: Checkpoint
  saved: bigint[]
  most: () => number
  fail: (reason: Error) => void
} {
  const saved: bigint[] = []
  let [running, most] = [0, 0]
  let failure: Error | undefined
  const checkpoint = new Checkpoint('v', undefined, {
    name: 'n',
    store: {
      load: async () => undefined,
      save: async (_, token) => {
        most = Math.max(most, ++running)
        for (let turn = saved.length === 0 ? 5 : 1; turn > 0; turn--)
          await new Promise(resolve => setImmediate(resolve))
        running--
        const reason = failure
        failure = undefined
        if (reason) throw reason
        saved.push(decodeToken(token).frontier)
      },
    },
  })
  checkpoint.describe([])
  return {
    checkpoint,
    saved,
    most: () => most,
    fail: reason => {
      failure = reason
    },
  }
}

test('T46: commits that nobody waits for are saved one after the other, and never go back, however slow the store', async () => {
  const { checkpoint, saved, most } = slowStore()
  await Promise.all([checkpoint.commit(2n), checkpoint.commit(3n), checkpoint.commit(7n)])
  expect(saved).toEqual([2n, 3n, 7n])
  expect(most()).toBe(1)
  const [later, earlier] = [checkpoint.commit(9n), checkpoint.commit(8n)]
  expect(await failureOf(earlier)).toMatchObject({ code: 'COMMIT_REFUSED' })
  await later
  expect(saved).toEqual([2n, 3n, 7n, 9n])
})

test('T46: a commit that fails keeps none of those that wait for it from being saved', async () => {
  const { checkpoint, saved, fail } = slowStore()
  fail(new Error('disk full'))
  const [first, second] = [checkpoint.commit(2n), checkpoint.commit(3n)]
  await expect(first).rejects.toThrow('disk full')
  await second
  expect(saved).toEqual([3n])
})

test('T46: what a crash left of a save is removed when the checkpoint is loaded, and nothing else is', async () => {
  const folder = mkdtempSync(path.join(tmpdir(), 'mzalert-left-'))
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }))
  const store = fileCheckpoints(folder)
  await store.save('a', 'token')
  const [old, recent] = [randomUUID(), randomUUID()]
  const own = ['a.checkpoint', `a.checkpoint.${recent}`, 'a.checkpoint.x.checkpoint', `ab.checkpoint.${old}`]
  for (const file of [`a.checkpoint.${old}`, ...own.slice(1)]) writeFileSync(path.join(folder, file), 'half')
  const longAgo = new Date(Date.now() - 3_600_000)
  for (const file of readdirSync(folder))
    if (!file.endsWith(recent)) utimesSync(path.join(folder, file), longAgo, longAgo)
  expect(await store.load('a')).toBe('token')
  expect(readdirSync(folder).sort()).toEqual(own.sort())
})

test('T46: a save has resolved when the token is on the disk, and its name too', async () => {
  const folder = mkdtempSync(path.join(tmpdir(), 'mzalert-flushed-'))
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }))
  const handle = await open(folder)
  const flushed: string[] = []
  const sync = vi
    .spyOn(Object.getPrototypeOf(handle) as typeof handle, 'sync')
    .mockImplementation(async function (this: typeof handle) {
      flushed.push((await this.stat()).isDirectory() ? 'folder' : 'file')
    })
  onTestFinished(() => sync.mockRestore())
  await handle.close()
  await fileCheckpoints(folder).save('a', 'token')
  expect(flushed).toEqual(['file', 'folder'])
})

test('T46: what was processed can be committed after the tail was closed', async () => {
  const { options } = await serve({
    copy: client => client.send(accepted, progress(1), update(1, 1, 'a'), progress(2)),
  })
  const saved: string[] = []
  const store = {
    load: async () => undefined,
    save: async (_: string, token: string) => void saved.push(token),
  }
  const [batch] = await collect(
    tail('v', { ...options, checkpoint: { store, name: 'n' } }).batches(),
    () => true,
  )
  await batch?.commit()
  expect(saved).toEqual([batch?.token])
})
