import { spawnSync } from 'node:child_process'
import { mkdtemp, readdir, realpath, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, it, onTestFinished, vi } from 'vitest'
import { lock } from '../../src/evaluate/lock.js'

/** Whoever comes second to take away what was left behind is slow, until he is told to go on. */
const slow = vi.hoisted(() => {
  let goOn = (): void => {}
  const told = new Promise<void>(resolve => {
    goOn = resolve
  })
  return { goOn, told, comes: 0 }
})
vi.mock(import('node:fs/promises'), async original => {
  const { rm: remove, ...others } = await original()
  const slowly: typeof remove = async (path, options) => {
    if (String(path).endsWith('.lock') && ++slow.comes === 2) await slow.told
    return remove(path, options)
  }
  return { ...others, rm: slowly }
})

/** Leaves a socket behind, as whoever is killed does. */
function killedAt(path: string): void {
  const program =
    "require('net').createServer().listen(process.argv[1], () => process.kill(process.pid, 'SIGKILL'))"
  spawnSync(process.execPath, ['-e', program, path])
}

/** A folder that was somebody's who was killed, and so was, if it is told, who was just taking it over. */
async function leftFolder(...left: readonly string[]): Promise<string> {
  const parent = await realpath(await mkdtemp(join(tmpdir(), 'mzalert-lock-')))
  onTestFinished(() => rm(parent, { recursive: true }))
  for (const file of left) killedAt(join(parent, file))
  expect(await readdir(parent)).toEqual(left)
  return join(parent, 'data')
}

it('L7: of two who come at once after one was killed, one has the folder', async () => {
  const folder = await leftFolder('data.lock')
  const both = [lock(folder), lock(folder)]
  await Promise.any(both)
  slow.goOn()
  const results = await Promise.allSettled(both)
  expect(results.filter(({ status }) => status === 'fulfilled')).toHaveLength(1)
  await expect(lock(folder)).rejects.toThrow('in use by another engine')
})

it('a folder is free though someone was killed who was just taking it over', async () => {
  const folder = await leftFolder('data.lock', 'data.lock~')
  await lock(folder)
  await expect(lock(folder)).rejects.toThrow('in use by another engine')
})
