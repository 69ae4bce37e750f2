import { describe, expect, test } from 'vitest'
import { BatchBuilder } from '../../src/stream/batches.js'
import { CopyDecoder } from '../../src/stream/decoder.js'
import { messages, progress, update } from '../../src/testing/messages.js'
import { type Decoded, decode, sum, toldBatch } from '../support/decode.js'

const rows = [
  messages.copyOut(4),
  messages.notice('the dataflow was made'),
  progress(1),
  update(1, 1, 'ü漢😀\\n'),
  update(1, 2, '\\\\N'),
  messages.parameterStatus('TimeZone', 'UTC'),
  progress(2),
  update(2, -1, '\\\\N'),
  progress(3),
]
const open = update(3, 1, 'never closed')

/** What may come after rows, in the same packet, and what it means. */
const endings: Readonly<Record<string, readonly [code: string | undefined, ...Buffer[]]>> = {
  nothing: [undefined, open],
  'an error': ['CANCELED', open, messages.error('57014', 'canceling statement'), messages.readyForQuery()],
  'an unknown message': ['PROTOCOL', open, messages.unknown(), progress(9)],
  'a count that does not match': [
    'COUNT_MISMATCH',
    messages.copyDone(),
    messages.commandComplete('COPY 7'),
    messages.readyForQuery(),
  ],
  'an end that is none': [
    'UNEXPECTED_END',
    messages.copyDone(),
    messages.commandComplete('COPY 6'),
    messages.readyForQuery(),
  ],
  'an end without CopyDone': ['UNEXPECTED_END', messages.commandComplete('COPY 6'), messages.readyForQuery()],
  'a line that is none': ['PROTOCOL', messages.copyData('what\n')],
  'a length that cannot be': ['PROTOCOL', Buffer.from([0x64, 0, 0, 0, 1])],
  'a timestamp that goes back': ['TIME_WENT_BACK', update(2, 1, 'again')],
}

/** The same bytes in two chunks. */
function cut(bytes: Buffer, at: number): Decoded {
  const builder = new BatchBuilder('subscribe', 'snapshot', 1e9, 0)
  const decoder = new CopyDecoder(builder, { columnCount: 4, maxRowBytes: 1e8, onNotice: () => {} })
  const batches = [...decoder.push(bytes.subarray(0, at)), ...decoder.push(bytes.subarray(at))]
  return { batches: batches.map(toldBatch), ending: decoder.ending }
}

function shown({ batches, ending }: Decoded): unknown {
  return [
    batches.map(({ kind, lower, upper, updates }) => [kind, lower, upper, updates]),
    ending?.kind === 'failed' ? ending.error.code : ending?.kind,
  ]
}

describe.each(Object.entries(endings))('%s', (_, [code, ...parts]) => {
  const bytes = Buffer.concat([...rows, ...parts])

  test('T19: what was closed before a fault, in the same packet or cut anywhere, is delivered, and nothing else', () => {
    const stream = { generation: 'subscribe', columnCount: 4 } as const
    const whole = decode(bytes, stream)
    expect(sum(whole.batches)).toEqual(
      new Map([
        ['ü漢😀\\n', 1],
        ['\\\\N', 1],
      ]),
    )
    expect(whole.ending?.kind === 'failed' ? whole.ending.error.code : undefined).toBe(code)
    for (let at = 0; at <= bytes.length; at++) expect(shown(cut(bytes, at))).toEqual(shown(whole))
    for (let chunkBytes = 1; chunkBytes < 20; chunkBytes++)
      expect(shown(decode(bytes, { ...stream, chunkBytes }))).toEqual(shown(whole))
  })

  test('T19: a connection that breaks off after any byte shows only whole timestamps', () => {
    for (let at = 0; at < bytes.length; at++) {
      const { batches } = decode(bytes.subarray(0, at), { generation: 'subscribe', columnCount: 4 })
      expect([0, 1, 2]).toContain(batches.length)
      expect(batches[0]?.updates.length ?? 2).toBe(2)
      expect(batches[1]?.updates.length ?? 1).toBe(1)
    }
  })
})
