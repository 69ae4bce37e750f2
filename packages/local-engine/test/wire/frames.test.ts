import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { message } from '../../src/wire/backend.js'
import { type Frame, FrameReader, framesOf } from '../../src/wire/frames.js'

function readAll(reader: FrameReader): (Frame | string)[] {
  const frames: (Frame | string)[] = []
  for (let frame = reader.next(); frame !== undefined; frame = reader.next()) {
    frames.push(frame)
    if (typeof frame === 'string') break
  }
  return frames
}

describe('cutting bytes into messages', () => {
  it('gives the same messages wherever the chunks break', () => {
    const frames = fc.array(
      fc.record({ type: fc.constantFrom('Q', 'P', 'd', 'S'), body: fc.uint8Array({ maxLength: 40 }) }),
    )
    fc.assert(
      fc.property(frames, fc.array(fc.integer({ min: 1, max: 17 }), { minLength: 1 }), (sent, sizes) => {
        const bytes = Buffer.concat(sent.map(({ type, body }) => message(type, writer => writer.bytes(body))))
        const reader = new FrameReader(1000)
        reader.startTyped()
        const received: (Frame | string)[] = []
        for (let at = 0, i = 0; at < bytes.length; i++) {
          const size = sizes[i % sizes.length] ?? 1
          reader.push(bytes.subarray(at, at + size))
          at += size
          received.push(...readAll(reader))
        }
        expect(received.map(frame => typeof frame === 'object' && [frame.type, [...frame.body]])).toEqual(
          sent.map(({ type, body }) => [type, [...body]]),
        )
        expect(reader.buffered).toBe(0)
      }),
    )
  })

  it('reads the first message of a connection without a type', () => {
    const reader = new FrameReader(100)
    reader.push(Buffer.from([0, 0, 0, 8, 4, 210, 22, 47]))
    expect(reader.next()).toEqual({ type: '', body: Buffer.from([4, 210, 22, 47]) })
  })

  it.each([0, 3, -1, 101])('says that a length of %i cannot be', length => {
    const reader = new FrameReader(100)
    reader.startTyped()
    const head = Buffer.from('Q....')
    head.writeInt32BE(length, 1)
    reader.push(head)
    expect(reader.next()).toMatch(`${length} bytes`)
  })

  it('reads an answer back as it was written', () => {
    const answer = Buffer.concat([
      message('1'),
      message('C', body => body.cstring('SELECT 1')),
      message('Z', body => body.int8(73)),
    ])
    expect([...framesOf(answer)].map(({ type, body }) => [type, body.toString()])).toEqual([
      ['1', ''],
      ['C', 'SELECT 1\0'],
      ['Z', 'I'],
    ])
  })
})
