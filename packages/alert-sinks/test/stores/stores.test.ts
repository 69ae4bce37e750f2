import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { fileStore } from '../../src/stores/file.js'
import { memoryStore } from '../../src/stores/memory.js'
import { postgresStore } from '../../src/stores/postgres.js'
import type { StateStore } from '../../src/types.js'

let folder: string
beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'mzalert-state-'))
})
afterAll(() => rm(folder, { recursive: true, force: true }))

describe.each<[string, () => StateStore]>([
  ['memoryStore()', memoryStore],
  ['fileStore()', () => fileStore(path.join(folder, 'states'))],
])('%s', (_name, make) => {
  test('what was saved last is there, by name; before that there is nothing', async () => {
    const store = make()
    expect(await store.load('one')).toBeUndefined()
    await store.save('one', '{"é":"\\n"}')
    await store.save('two', 'other')
    await store.save('one', '{"later":true}')
    expect(await store.load('one')).toBe('{"later":true}')
  })
})

test('a file that was damaged is refused, never taken for none', async () => {
  const store = fileStore(folder)
  await store.save('spike', 'state')
  const [file = ''] = (await readdir(folder)).filter(each => each.startsWith('spike'))
  const text = await readFile(path.join(folder, file), 'utf8')
  await writeFile(path.join(folder, file), text.replace('state', 'stata'))
  await expect(store.load('spike')).rejects.toMatchObject({ name: 'SinksError', code: 'STATE_CORRUPT' })
})

test('a name that no file can have is refused', async () => {
  await expect(fileStore(folder).load('../spike')).rejects.toMatchObject({ code: 'INVALID_OPTION' })
})

test('a table that is there is used without the right to make one', async () => {
  const asked: string[] = []
  const client = {
    query: async (text: string) => {
      asked.push(text.split(' ')[0] ?? '')
      return { rows: [] }
    },
  }
  const store = postgresStore({ client })
  await store.load('one')
  await store.save('one', 'state')
  expect(asked).toEqual(['SELECT', 'INSERT'])
})

test('a table that cannot be one, or a client that is none, is refused', () => {
  expect(() => postgresStore({ client: { query: async () => ({ rows: [] }) }, table: 'a; drop' })).toThrow(
    '[INVALID_OPTION]',
  )
  expect(() => postgresStore({ client: {} as never })).toThrow('[INVALID_OPTION]')
})
