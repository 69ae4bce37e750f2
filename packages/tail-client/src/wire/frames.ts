import { TailError } from '../errors.js'

/** What is told of each frame: its type (the letter's char code) and where its body lies in `bytes`. */
export type OnFrame = (type: number, bytes: Buffer, start: number, end: number) => void

const headerBytes = 5

/**
 * Cuts the byte stream of a server into frames: Int8 type, Int32 length including itself, body
 * (https://www.postgresql.org/docs/current/protocol-message-formats.html).
 * Chunks may end anywhere. A frame is told once it is complete, synchronously, in order; its bytes are not copied and
 * belong to the chunk. A body longer than `maxFrameBytes` is refused with `ROW_TOO_LARGE` when its header has arrived.
 */
export class FrameReader {
  readonly #maxFrameBytes: number
  /** Bytes of an incomplete frame; joined once it is complete, so that a big row costs one copy. */
  #parts: Buffer[] = []
  #partBytes = 0

  constructor(maxFrameBytes: number) {
    this.#maxFrameBytes = maxFrameBytes
  }

  /** Bytes that wait for the rest of their frame. */
  get pendingBytes(): number {
    return this.#partBytes
  }

  push(chunk: Buffer, onFrame: OnFrame): void {
    let bytes = chunk
    if (this.#partBytes > 0) {
      this.#parts.push(chunk)
      this.#partBytes += chunk.length
      const missing = this.#missingBytes()
      if (missing > 0) return
      bytes = Buffer.concat(this.#parts)
      this.#parts = []
      this.#partBytes = 0
    }
    const rest = this.#read(bytes, onFrame)
    if (rest < bytes.length) {
      this.#parts = [bytes.subarray(rest)]
      this.#partBytes = bytes.length - rest
    }
  }

  #read(bytes: Buffer, onFrame: OnFrame): number {
    let at = 0
    while (bytes.length - at >= headerBytes) {
      const end = at + 1 + this.#bodyEnd(bytes, at)
      if (end > bytes.length) break
      onFrame(bytes[at] ?? 0, bytes, at + headerBytes, end)
      at = end
    }
    return at
  }

  #bodyEnd(bytes: Buffer, at: number): number {
    const length = bytes.readInt32BE(at + 1)
    if (length < 4)
      throw new TailError('PROTOCOL', `A frame of type ${bytes[at]} says it has ${length} bytes.`)
    if (length - 4 > this.#maxFrameBytes)
      throw new TailError(
        'ROW_TOO_LARGE',
        `The server sends a message of ${length - 4} bytes; maxRowBytes is ${this.#maxFrameBytes}. Raise it if such rows are meant to be.`,
      )
    return length
  }

  #missingBytes(): number {
    const head = this.#parts[0]
    if (!head || this.#partBytes < headerBytes) return headerBytes - this.#partBytes
    const first = head.length >= headerBytes ? head : Buffer.concat(this.#parts)
    if (first !== head) this.#parts = [first]
    return 1 + this.#bodyEnd(first, 0) - this.#partBytes
  }
}
