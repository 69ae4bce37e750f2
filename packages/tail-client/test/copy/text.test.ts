import fc from 'fast-check'
import { expect, onTestFinished, test, vi } from 'vitest'
import { LineReader, viewOf } from '../../src/copy/lines.js'
import { unescapeField } from '../../src/copy/text.js'
import { escapeField } from '../../src/testing/messages.js'

const maxLineBytes = 1000

function lines(chunks: readonly Buffer[]): string[] {
  const found: string[] = []
  const reader = new LineReader(
    (bytes, _, from, to) => found.push(bytes.toString('utf8', from, to)) > 0,
    maxLineBytes,
  )
  for (const chunk of chunks) reader.push(chunk, viewOf(chunk), 0, chunk.length)
  return found
}

test('T35: every escape of COPY text is understood', () => {
  expect(unescapeField(String.raw`\\\t\n\r\b\f\v`)).toBe('\\\t\n\r\b\f\v')
  expect(unescapeField(String.raw`\101\x41\q`)).toBe('AAq')
  expect(unescapeField(String.raw`\\N`)).toBe(String.raw`\N`)
})

test('T35: any text survives being escaped and read back', () => {
  fc.assert(fc.property(fc.string({ unit: 'binary' }), text => unescapeField(escapeField(text)) === text))
})

test('T34: lines are found wherever messages cut them, in the middle of a character too', () => {
  const text = 'a\tü\n漢😀\tplain\n\nlast\n'
  const bytes = Buffer.from(text)
  const whole = text.split('\n').slice(0, -1)
  for (let size = 1; size <= bytes.length; size++) {
    const chunks = Array.from({ length: Math.ceil(bytes.length / size) }, (_, i) =>
      bytes.subarray(i * size, (i + 1) * size),
    )
    expect(lines(chunks)).toEqual(whole)
  }
})

test('a line without its line feed is not a line yet', () => {
  const reader = new LineReader(() => expect.unreachable(), maxLineBytes)
  const bytes = Buffer.from('half')
  reader.push(bytes, viewOf(bytes), 0, bytes.length)
  expect(reader.isInsideLine).toBe(true)
})

test('T4: a row that comes in many messages is copied once, and refused when it is longer than allowed', () => {
  const concat = vi.spyOn(Buffer, 'concat')
  onTestFinished(() => concat.mockRestore())
  expect(lines(Array.from({ length: 900 }, () => Buffer.from('x')).concat(Buffer.from('\n')))).toEqual([
    'x'.repeat(900),
  ])
  expect(concat).toHaveBeenCalledTimes(1)
  const endless = Array.from({ length: 1001 }, () => Buffer.from('x'))
  expect(lines(endless.slice(1))).toEqual([])
  expect(() => lines(endless)).toThrow('[ROW_TOO_LARGE]')
})

test('T34: bytes that the reader of a socket uses again change no row that is kept', () => {
  const used = Buffer.alloc(4)
  const found: string[] = []
  const reader = new LineReader(
    (bytes, _, from, to) => found.push(bytes.toString('utf8', from, to)) > 0,
    maxLineBytes,
  )
  for (const text of ['abcd', 'efgh', 'i\nkl', 'm\n\n\n']) {
    used.write(text)
    reader.push(used, viewOf(used), 0, used.length)
  }
  expect(found).toEqual(['abcdefghi', 'klm', '', ''])
})
