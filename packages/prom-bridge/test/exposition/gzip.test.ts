import { gunzipSync } from 'node:zlib'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { Gzip } from '../../src/exposition/gzip.js'

const turn = async (): Promise<void> => {}

test('what is put together is one gzip stream of all chunks, whatever they are', async () => {
  const gzip = new Gzip()
  await fc.assert(
    fc.asyncProperty(fc.array(fc.uint8Array({ maxLength: 200 }), { maxLength: 20 }), async chunks => {
      const encoded = Buffer.concat(await gzip.encode(chunks, turn))
      expect(gunzipSync(encoded).equals(Buffer.concat(chunks))).toBe(true)
    }),
  )
})

test('a chunk is compressed once', async () => {
  const gzip = new Gzip()
  const chunks = ['a', 'b', 'c'].map(text => Buffer.from(text.repeat(1000)))
  const first = await gzip.encode(chunks, turn)
  const other = Buffer.from('d')
  const second = await gzip.encode([...chunks.slice(0, 2), other], turn)
  expect(second.slice(1, 3).every((part, index) => part === first[index + 1])).toBe(true)
  expect(gunzipSync(Buffer.concat(second)).toString()).toBe(`${chunks[0]}${chunks[1]}d`)
})

test('B4: checksums of many chunks are made in turns', async () => {
  let turns = 0
  const chunks = Array.from({ length: 100 }, () => Buffer.from('x'))
  await new Gzip().encode(chunks, async () => {
    turns++
  })
  expect(turns).toBe(12)
})

test('a chunk that could not be compressed is tried again with the next scrape', async () => {
  let isBroken = true
  const gzip = new Gzip(async () => {
    if (isBroken) throw new Error('no memory')
    return Buffer.from('deflated')
  })
  const chunks = [Buffer.from('a')]
  await expect(gzip.encode(chunks, turn)).rejects.toThrow('no memory')
  isBroken = false
  expect((await gzip.encode(chunks, turn))[1]?.toString()).toBe('deflated')
})
