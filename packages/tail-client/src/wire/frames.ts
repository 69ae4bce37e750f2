import { TailError } from '../errors.js'

/** What is told of each frame: its type (the letter's char code) and where its body lies in `bytes`. */
export type OnFrame = (type: number, bytes: Buffer, start: number, end: number) => void

const headerBytes = 5
const none: Buffer = Buffer.alloc(0)

/**
 * Cuts the byte stream of a server into frames: Int8 type, Int32 length including itself, body
 * (https://www.postgresql.org/docs/current/protocol-message-formats.html).
 * Chunks may end anywhere. A frame is told once it is complete, synchronously, in order; its bytes belong to the chunk, or are those of one
 * frame that came in several. A body longer than `maxFrameBytes` is refused with `ROW_TOO_LARGE` when its header has arrived.
 */
export class FrameReader {
  readonly #maxFrameBytes: number
  /** A header that has begun. */
  #head: Buffer = none
  /** A frame whose header is there, and how much of it is: each chunk is copied to its place, so that a big row is there once. */
  #frame: Buffer | undefined
  #filled = 0

  constructor(maxFrameBytes: number) {
    this.#maxFrameBytes = maxFrameBytes
  }

  /** Bytes that wait for the rest of their frame. */
  get pendingBytes(): number {
    return this.#head.length + this.#filled
  }

  push(chunk: Buffer, onFrame: OnFrame): void {
    let at = this.#complete(chunk, onFrame)
    while (chunk.length - at >= headerBytes) {
      const end = at + frameBytes(chunk, at, this.#maxFrameBytes)
      if (end > chunk.length) break
      onFrame(chunk[at] ?? 0, chunk, at + headerBytes, end)
      at = end
    }
    if (at < chunk.length) this.#begin(chunk.subarray(at))
  }

  /** What is missing of the frame that has begun; gives where the chunk goes on. */
  #complete(chunk: Buffer, onFrame: OnFrame): number {
    let at = 0
    if (this.#head.length > 0) {
      at = Math.min(headerBytes - this.#head.length, chunk.length)
      const head = Buffer.concat([this.#head, chunk.subarray(0, at)])
      this.#head = none
      this.#begin(head)
    }
    const frame = this.#frame
    if (!frame) return at
    const copied = chunk.copy(frame, this.#filled, at)
    this.#filled += copied
    if (this.#filled < frame.length) return chunk.length
    this.#frame = undefined
    this.#filled = 0
    onFrame(frame[0] ?? 0, frame, headerBytes, frame.length)
    return at + copied
  }

  #begin(start: Buffer): void {
    if (start.length < headerBytes) {
      // A copy: the bytes are the reader's of the socket, who may use them again.
      this.#head = Buffer.from(start)
      return
    }
    this.#frame = Buffer.allocUnsafeSlow(frameBytes(start, 0, this.#maxFrameBytes))
    this.#filled = start.copy(this.#frame)
  }
}

/** Length of the frame that begins at `at`, its header included. */
function frameBytes(bytes: Buffer, at: number, maxFrameBytes: number): number {
  const length = bytes.readInt32BE(at + 1)
  if (length < 4) throw new TailError('PROTOCOL', `A frame of type ${bytes[at]} says it has ${length} bytes.`)
  if (length - 4 > maxFrameBytes)
    throw new TailError(
      'ROW_TOO_LARGE',
      `The server sends a message of ${length - 4} bytes; maxRowBytes is ${maxFrameBytes}. Raise it if such rows are meant to be.`,
    )
  return 1 + length
}
