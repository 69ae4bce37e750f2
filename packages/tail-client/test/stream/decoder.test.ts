import fc from 'fast-check'
import { expect, test } from 'vitest'
import { rowDecoder } from '../../src/rows/row.js'
import { updatesOf } from '../../src/rows/updates.js'
import { BatchBuilder } from '../../src/stream/batches.js'
import { CopyDecoder } from '../../src/stream/decoder.js'
import { escapeField, messages } from '../../src/testing/messages.js'
import type { UnknownRow } from '../../src/types/update.js'

const columns = [
  { name: 'n', oid: 20 },
  { name: 'text', oid: 25 },
]
const row = fc.record({
  n: fc.oneof(fc.constant(null), fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n })),
  text: fc.oneof(fc.constant(null), fc.string({ unit: 'binary' }), fc.string()),
})
const closed = fc.array(fc.array(row, { maxLength: 5 }), { maxLength: 5 })

const field = (value: bigint | string | null): string => (value === null ? '\\N' : escapeField(String(value)))

test('T34: whatever text rows hold, and however messages and chunks cut them, they come out as they were', () => {
  fc.assert(
    fc.property(closed, fc.infiniteStream(fc.integer({ min: 1, max: 40 })), (timestamps, sizes) => {
      const cut = (bytes: Buffer): readonly Buffer[] => {
        const parts: Buffer[] = []
        for (let at = 0; at < bytes.length; ) {
          const size = sizes.next().value ?? 1
          parts.push(bytes.subarray(at, at + size))
          at += size
        }
        return parts
      }
      const lines = timestamps.flatMap((rows, index) => [
        ...rows.map(({ n, text }, i) => `${100 + index}\tf\t${i + 1}\t${field(n)}\t${field(text)}\n`),
        `${101 + index}\tt\t\\N\t\\N\t\\N\n`,
      ])
      const text = Buffer.from(`100\tt\t\\N\t\\N\t\\N\n${lines.join('')}`)
      const bytes = Buffer.concat([messages.copyOut(5), ...cut(text).map(part => messages.copyData(part))])
      const decoder = new CopyDecoder(new BatchBuilder('subscribe', 'snapshot', 1e9, 7), {
        columnCount: 5,
        maxRowBytes: 1e6,
        onNotice: () => {},
      })
      const decode = rowDecoder(columns, {})
      const updates = cut(bytes)
        .flatMap(chunk => decoder.push(chunk))
        .flatMap(({ runs }) => updatesOf<UnknownRow>(runs, decode))
      expect(decoder.ending).toBeUndefined()
      expect(
        updates.map(({ timestamp, diff, row: { n, text: value } }) => [timestamp, diff, n, value]),
      ).toEqual(
        timestamps.flatMap((rows, index) =>
          rows.map(({ n, text: value }, i) => [BigInt(100 + index), i + 1, n, value]),
        ),
      )
    }),
  )
})

test('T35: bytes that are not UTF-8 are refused, not replaced', () => {
  const decoder = new CopyDecoder(new BatchBuilder('subscribe', 'snapshot', 1e9, 7), {
    columnCount: 4,
    maxRowBytes: 1e6,
    onNotice: () => {},
  })
  const rows = ['10\tt\t\\N\t\\N\n', '10\tf\t1\tM\xfcller\n', '11\tt\t\\N\t\\N\n']
  const lines = rows.map(text => messages.copyData(Buffer.from(text, 'latin1')))
  const [batch] = decoder.push(Buffer.concat([messages.copyOut(4), ...lines]))
  const decode = rowDecoder([{ name: 'name', oid: 25 }], {})
  expect(() => updatesOf(batch?.runs ?? [], decode)).toThrow(
    '[DECODE] A row is not UTF-8: "Müller" (as latin1).',
  )
})
