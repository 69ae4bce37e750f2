/** Grows a byte buffer by what is appended to it; one copy per doubling. */
export class ByteWriter {
  #buffer: Buffer
  #length = 0

  constructor(initialBytes = 256) {
    this.#buffer = Buffer.allocUnsafeSlow(initialBytes)
  }

  get length(): number {
    return this.#length
  }

  int8(value: number): this {
    this.#reserve(1)
    this.#buffer[this.#length++] = value
    return this
  }

  int16(value: number): this {
    this.#reserve(2)
    this.#length = this.#buffer.writeInt16BE(value, this.#length)
    return this
  }

  int32(value: number): this {
    this.#reserve(4)
    this.#length = this.#buffer.writeInt32BE(value | 0, this.#length)
    return this
  }

  bytes(value: Uint8Array): this {
    this.#reserve(value.length)
    this.#buffer.set(value, this.#length)
    this.#length += value.length
    return this
  }

  /** UTF-8 text without a terminator. */
  utf8(value: string): this {
    return this.bytes(Buffer.from(value, 'utf8'))
  }

  /** Text whose characters are bytes (0-255). */
  latin1(value: string): this {
    this.#reserve(value.length)
    this.#length += this.#buffer.write(value, this.#length, 'latin1')
    return this
  }

  /** UTF-8 text with the terminating zero of the protocol. */
  cstring(value: string): this {
    return this.utf8(value).int8(0)
  }

  /** Writes a length, four bytes that count themselves, at `offset`, for everything written after it. */
  patchLength(offset: number): this {
    this.#buffer.writeInt32BE(this.#length - offset, offset)
    return this
  }

  /** Everything written, as a view that belongs to the caller; the writer starts again empty. */
  take(): Buffer {
    const taken = this.#buffer.subarray(0, this.#length)
    this.#buffer = Buffer.allocUnsafeSlow(256)
    this.#length = 0
    return taken
  }

  #reserve(bytes: number): void {
    if (this.#length + bytes <= this.#buffer.length) return
    const grown = Buffer.allocUnsafeSlow(Math.max(this.#buffer.length * 2, this.#length + bytes))
    this.#buffer.copy(grown, 0, 0, this.#length)
    this.#buffer = grown
  }
}

/** Reads what a message body holds, front to back. Never reads past its end: what is missing is empty or zero. */
export class ByteReader {
  readonly #buffer: Buffer
  #offset = 0

  constructor(body: Uint8Array) {
    this.#buffer = asBuffer(body)
  }

  get remaining(): number {
    return this.#buffer.length - this.#offset
  }

  int8(): number {
    return this.#buffer[this.#offset++] ?? 0
  }

  int16(): number {
    if (this.remaining < 2) return this.#exhaust()
    this.#offset += 2
    return this.#buffer.readInt16BE(this.#offset - 2)
  }

  int32(): number {
    if (this.remaining < 4) return this.#exhaust()
    this.#offset += 4
    return this.#buffer.readInt32BE(this.#offset - 4)
  }

  cstring(): string {
    const end = this.#buffer.indexOf(0, this.#offset)
    const stop = end < 0 ? this.#buffer.length : end
    const text = this.#buffer.toString('utf8', this.#offset, stop)
    this.#offset = end < 0 ? stop : stop + 1
    return text
  }

  rest(): Buffer {
    const rest = this.#buffer.subarray(this.#offset)
    this.#offset = this.#buffer.length
    return rest
  }

  #exhaust(): number {
    this.#offset = this.#buffer.length
    return 0
  }
}

/** The parts in one buffer that shares its memory with nothing, so that it can be handed to another thread. */
export function joinOwned(parts: readonly Uint8Array[]): Buffer {
  const joined = Buffer.allocUnsafeSlow(parts.reduce((sum, part) => sum + part.length, 0))
  let at = 0
  for (const part of parts) {
    joined.set(part, at)
    at += part.length
  }
  return joined
}

/** The same bytes as a Buffer; no copy. */
export function asBuffer(bytes: Uint8Array): Buffer {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
}
