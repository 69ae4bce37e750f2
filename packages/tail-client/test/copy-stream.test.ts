import { expect, test } from 'vitest'
import { fromCopyStream } from '../src/index.js'
import { decode } from './support/decode.js'
import { bytesOf, columnCount, recording, relationColumns, textStreams } from './support/golden.js'

async function* chunks(bytes: Buffer, size: number): AsyncGenerator<Buffer> {
  for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size)
}

const streams = textStreams().filter(({ name, query }) => !/SNAPSHOT/i.test(query) && !name.startsWith('20'))

test.each(streams.map(stream => [`${stream.generation} ${stream.name}`, stream] as const))(
  'T34: %s: the bytes that pg-copy-streams hands out give the same batches, wherever they are cut',
  async (_, stream) => {
    const payload = Buffer.concat(
      stream.messages.filter(({ type }) => type === 'd').map(({ hex }) => Buffer.from(hex, 'hex')),
    )
    const { batches } = decode(Buffer.concat(stream.messages.map(bytesOf)), {
      generation: stream.generation,
      columnCount: columnCount(stream),
    })
    const shape = (all: readonly (typeof batches)[number][]): unknown =>
      all.map(({ kind, lower, upper, updates }) => [
        kind,
        lower,
        upper,
        updates.map(({ timestamp, diff, raw }) => [timestamp, diff, raw]),
      ])
    for (const size of payload.length > 10_000 ? [65_536, 1021] : [1, 7, 4096]) {
      const taken = []
      const columns = relationColumns(stream)
      for await (const batch of fromCopyStream(chunks(payload, size), {
        columns,
        generation: stream.generation,
      }))
        taken.push({ ...batch, bytes: 0 })
      expect(shape(taken)).toEqual(shape(batches))
    }
  },
)

test('rows are typed by the columns that are given, and one that does not fit is refused', async () => {
  const stream = recording('subscribe', '01')
  const payload = Buffer.concat(
    stream.messages.filter(({ type }) => type === 'd').map(({ hex }) => Buffer.from(hex, 'hex')),
  )
  const columns = relationColumns(stream)
  for await (const { updates } of fromCopyStream(chunks(payload, 100), { columns })) {
    expect(updates.map(({ row }) => row)).toEqual([
      { id: 1, name: 'ann' },
      { id: 2, name: 'bob' },
    ])
    break
  }
  const short = async (): Promise<void> => {
    for await (const _ of fromCopyStream(chunks(payload, 100), { columns: columns.slice(1) }))
      expect.unreachable()
  }
  await expect(short()).rejects.toThrow('[SCHEMA_MISMATCH]')
})

test('T34: a row that comes in pieces is no longer than maxRowBytes', async () => {
  const columns = [{ name: 'x', oid: 25 }]
  const options = { columns, maxRowBytes: 1000 }
  const endless = Buffer.from(`1\tf\t1\t${'x'.repeat(2000)}`)
  const taken = async (): Promise<void> => {
    for await (const _ of fromCopyStream(chunks(endless, 100), options)) expect.unreachable()
  }
  await expect(taken()).rejects.toThrow('[ROW_TOO_LARGE]')
})
