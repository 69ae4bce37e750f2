import fc from 'fast-check'
import { expect, onTestFinished, test, vi } from 'vitest'
import { messages } from '../../src/testing/messages.js'
import { FrameReader } from '../../src/wire/frames.js'

const session = Buffer.concat([
  messages.copyOut(4),
  messages.copyData('1\tt\t\\N\t\\N\n'),
  messages.copyData(''),
  messages.copyData('ü漢😀\n'),
  messages.copyDone(),
  messages.readyForQuery(),
])

function read(chunks: readonly Buffer[], maxFrameBytes = 1000): [string, string][] {
  const frames: [string, string][] = []
  const reader = new FrameReader(maxFrameBytes)
  for (const chunk of chunks)
    reader.push(chunk, (type, bytes, start, end) =>
      frames.push([String.fromCharCode(type), bytes.toString('hex', start, end)]),
    )
  return frames
}

test('T34: frames come out whole, in order, wherever the chunks end', () => {
  const whole = read([session])
  expect(whole.map(([type]) => type).join('')).toBe('HdddcZ')
  for (let size = 1; size <= session.length; size++) {
    const chunks = Array.from({ length: Math.ceil(session.length / size) }, (_, i) =>
      session.subarray(i * size, (i + 1) * size),
    )
    expect(read(chunks)).toEqual(whole)
  }
})

test('T34: frames come out whole for random cuts of random frames', () => {
  fc.assert(
    fc.property(fc.array(fc.uint8Array({ maxLength: 40 })), fc.array(fc.nat(200)), (bodies, cuts) => {
      const bytes = Buffer.concat(bodies.map(body => messages.copyData(Buffer.from(body))))
      const at = [...new Set(cuts.map(cut => Math.min(cut, bytes.length)))].sort((a, b) => a - b)
      const chunks = [0, ...at].map((from, i) => bytes.subarray(from, at[i] ?? bytes.length))
      expect(read(chunks)).toEqual(bodies.map(body => ['d', Buffer.from(body).toString('hex')]))
    }),
  )
})

test('T4: a frame that is longer than allowed is refused when its header is there, before its bytes are', () => {
  const header = messages.copyData('x'.repeat(2000)).subarray(0, 5)
  expect(() => read([header])).toThrow('[ROW_TOO_LARGE]')
  expect(() => read([header.subarray(0, 3), header.subarray(3)])).toThrow('[ROW_TOO_LARGE]')
})

test('a length that cannot be is a protocol error', () => {
  expect(() => read([Buffer.from([0x64, 0, 0, 0, 3])])).toThrow('[PROTOCOL]')
})

test('T34: a big frame in many chunks is copied once', () => {
  const body = 'x'.repeat(5_000_000)
  const bytes = messages.copyData(body)
  const chunks = Array.from({ length: Math.ceil(bytes.length / 1000) }, (_, i) =>
    bytes.subarray(i * 1000, (i + 1) * 1000),
  )
  const { copy } = Buffer.prototype
  let copied = 0
  const spies = [
    vi.spyOn(Buffer.prototype, 'copy').mockImplementation(function (this: Buffer, ...given) {
      const count: number = copy.call(this, ...given)
      copied += count
      return count
    }),
    vi.spyOn(Buffer, 'concat').mockImplementation(() => expect.unreachable()),
  ]
  onTestFinished(() => {
    for (const spy of spies) spy.mockRestore()
  })
  const reader = new FrameReader(10_000_000)
  let length = 0
  for (const chunk of chunks)
    reader.push(chunk, (_, __, start, end) => {
      length = end - start
    })
  expect([length, copied]).toEqual([body.length, bytes.length])
})

test('T34: frames come out as they were when the buffer that they are read into is used again', () => {
  for (let size = 1; size <= session.length; size++) {
    const used = Buffer.alloc(size)
    const frames: [string, string][] = []
    const reader = new FrameReader(1000)
    for (let at = 0; at < session.length; at += size) {
      const count = session.copy(used, 0, at, at + size)
      reader.push(used.subarray(0, count), (type, bytes, start, end) =>
        frames.push([String.fromCharCode(type), bytes.toString('hex', start, end)]),
      )
      used.fill(0xff)
    }
    expect(frames).toEqual(read([session]))
  }
})
