/** One protocol message: its type letter ('' for the untyped ones that start a connection) and its body. */
export interface Frame {
  readonly type: string
  readonly body: Buffer
}

/**
 * Cuts what a client sends into messages, wherever the chunks break. The first messages have no type letter
 * (SSLRequest, GSSENCRequest, CancelRequest, StartupMessage) until `startTyped()` is called.
 * https://www.postgresql.org/docs/current/protocol-message-formats.html
 */
export class FrameReader {
  readonly #maxBytes: number
  #chunks: Buffer[] = []
  #buffered = 0
  #wanted = 0
  #isTyped = false

  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes
  }

  /** Bytes that were pushed and not yet given. */
  get buffered(): number {
    return this.#buffered
  }

  startTyped(): void {
    this.#isTyped = true
  }

  push(chunk: Buffer): void {
    this.#chunks.push(chunk)
    this.#buffered += chunk.length
  }

  /** The next whole message; undefined if more bytes are needed; a sentence if the bytes cannot be the protocol. */
  next(): Frame | string | undefined {
    const head = this.#isTyped ? 5 : 4
    // Until all of a long message is here, chunks are only collected: joining them at each arrival would be quadratic.
    if (this.#buffered < Math.max(head, this.#wanted)) return undefined
    const all = this.#join()
    const length = all.readInt32BE(head - 4)
    if (length < 4) return `a message says it has ${length} bytes`
    if (length > this.#maxBytes) return `a message of ${length} bytes is longer than ${this.#maxBytes}`
    const total = head - 4 + length
    if (all.length < total) {
      this.#wanted = total
      return undefined
    }
    this.#wanted = 0
    this.#chunks = all.length > total ? [all.subarray(total)] : []
    this.#buffered = all.length - total
    return { type: this.#isTyped ? String.fromCharCode(all[0] ?? 0) : '', body: all.subarray(head, total) }
  }

  #join(): Buffer {
    const [first] = this.#chunks
    if (first !== undefined && this.#chunks.length === 1) return first
    const joined = Buffer.concat(this.#chunks, this.#buffered)
    this.#chunks = [joined]
    return joined
  }
}

/** The messages of a complete, well-formed answer, in order; views into `bytes`, not copies. */
export function* framesOf(bytes: Buffer): Generator<Frame> {
  for (let at = 0; at + 5 <= bytes.length; ) {
    const end = at + 1 + bytes.readInt32BE(at + 1)
    yield { type: String.fromCharCode(bytes[at] ?? 0), body: bytes.subarray(at + 5, end) }
    at = end
  }
}
