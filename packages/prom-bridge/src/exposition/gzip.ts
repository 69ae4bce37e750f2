import { promisify } from 'node:util'
import { constants, crc32, deflateRaw } from 'node:zlib'
import type { Turn } from '../series/slices.js'

/** Compresses a chunk, off the event loop. */
type Deflate = (chunk: Uint8Array) => Promise<Buffer>

/** Level 1: text of metrics is so alike that more effort gains little. */
const options = { level: 1, finishFlush: constants.Z_SYNC_FLUSH } as const
const deflated = promisify(deflateRaw)

/** No name, no time, unknown system (https://www.rfc-editor.org/rfc/rfc1952). */
const head = Buffer.from([0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 0xff])
/** The last block, which is empty. */
const end = Buffer.from([0x03, 0x00])

/** Chunks whose checksum is made before others have their turn: some hundred kilobytes. */
const chunksPerTurn = 8

/**
 * Compresses answers chunk by chunk, off the event loop, and keeps what a chunk became for as long as there is the chunk: a second
 * scraper, or the next scrape, costs only what changed. Every chunk ends at a byte and refers to no other, so that one gzip stream
 * is made by putting them together.
 */
export class Gzip {
  readonly #kept = new WeakMap<Uint8Array, Promise<Buffer>>()
  readonly #deflate: Deflate

  constructor(deflate: Deflate = chunk => deflated(chunk, options)) {
    this.#deflate = deflate
  }

  async encode(chunks: readonly Uint8Array[], turn: Turn): Promise<readonly Uint8Array[]> {
    const encoded: Uint8Array[] = [head]
    let checksum = 0
    let length = 0
    for (const [index, chunk] of chunks.entries()) {
      checksum = crc32(chunk, checksum)
      length += chunk.byteLength
      encoded.push(await this.#deflated(chunk))
      if (index % chunksPerTurn === chunksPerTurn - 1) await turn()
    }
    const tail = Buffer.alloc(8)
    tail.writeUInt32LE(checksum, 0)
    tail.writeUInt32LE(length % 2 ** 32, 4)
    return [...encoded, end, tail]
  }

  #deflated(chunk: Uint8Array): Promise<Buffer> {
    const kept = this.#kept.get(chunk)
    if (kept) return kept
    const made = this.#deflate(chunk)
    this.#kept.set(chunk, made)
    // What failed is tried again with the next scrape.
    made.catch(() => this.#kept.delete(chunk))
    return made
  }
}
