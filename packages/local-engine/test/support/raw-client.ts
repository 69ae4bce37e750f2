import { connect, type Socket } from 'node:net'
import { readFailure } from '../../src/wire/backend.js'
import { ByteWriter } from '../../src/wire/bytes.js'
import type { Failure } from '../../src/wire/failure.js'
import { type Frame, FrameReader } from '../../src/wire/frames.js'
import { query } from '../../src/wire/frontend.js'
import { until } from './wait.js'

/** A client that only writes down what it receives. */
export class RawClient {
  readonly frames: Frame[] = []
  readonly #socket: Socket
  readonly #reader = new FrameReader(2 ** 29)
  #taken = 0
  ended = false
  pid = 0
  secret = 0

  private constructor(socket: Socket) {
    this.#socket = socket
    this.#reader.startTyped()
    socket.on('error', () => {})
    socket.on('end', () => {
      this.ended = true
    })
    socket.on('close', () => {
      this.ended = true
    })
    socket.on('data', chunk => {
      this.#reader.push(chunk)
      for (let frame = this.#reader.next(); typeof frame === 'object'; frame = this.#reader.next()) {
        // A copy: the frame is a view into a chunk that would be kept whole.
        this.frames.push({ type: frame.type, body: Buffer.from(frame.body) })
      }
    })
  }

  /** Connects and logs in, with these startup parameters. */
  static async connect(port: number, parameters: Readonly<Record<string, string>> = {}): Promise<RawClient> {
    const client = new RawClient(connect(port, '127.0.0.1'))
    client.write(startup({ user: 'materialize', database: 'materialize', ...parameters }))
    const login = await client.answer()
    const key = login.find(frame => frame.type === 'K')?.body
    client.pid = key?.readInt32BE(0) ?? 0
    client.secret = key?.readInt32BE(4) ?? 0
    return client
  }

  /** The bytes of a message that has begun. */
  get unfinished(): number {
    return this.#reader.buffered
  }

  write(...parts: readonly Uint8Array[]): void {
    this.#socket.write(Buffer.concat(parts))
  }

  /** Stops reading, as a client does that is busy. */
  pause(): void {
    this.#socket.pause()
  }

  resume(): void {
    this.#socket.resume()
  }

  /** The messages up to the next one of this type, which were not taken before. */
  async answer(type = 'Z'): Promise<Frame[]> {
    const end = await until(() => {
      const at = this.frames.findIndex((frame, i) => i >= this.#taken && frame.type === type)
      if (at < 0 && this.ended) throw new Error(`the connection ended before ${type}: ${this.types()}`)
      return at >= 0 && at + 1
    }, `a message of type ${type}`)
    const taken = this.frames.slice(this.#taken, end)
    this.#taken = end
    return taken
  }

  /** Runs a simple query and gives its whole answer. */
  query(sql: string): Promise<Frame[]> {
    this.write(query(sql))
    return this.answer()
  }

  types(): string {
    return this.frames.map(frame => frame.type).join('')
  }

  destroy(): void {
    this.#socket.destroy()
  }

  /** Sends FIN and waits for the other side's. */
  async end(): Promise<void> {
    this.#socket.end()
    await until(() => this.ended, 'the end of the connection')
  }
}

/** An untyped message of the protocol, as connections start with. */
export function untyped(write: (body: ByteWriter) => void): Buffer {
  const writer = new ByteWriter().int32(0)
  write(writer)
  return writer.patchLength(0).take()
}

export function startup(parameters: Readonly<Record<string, string>>): Buffer {
  return untyped(body => {
    body.int32(3 << 16)
    for (const [name, value] of Object.entries(parameters)) body.cstring(name).cstring(value)
    body.int8(0)
  })
}

/** Sends a CancelRequest on a connection of its own, and waits until the server closes it. */
export async function cancel(port: number, { pid, secret }: { pid: number; secret: number }): Promise<void> {
  const socket = connect(port, '127.0.0.1')
  socket.write(untyped(body => body.int32(80877102).int32(pid).int32(secret)))
  await new Promise<void>(resolve => socket.on('close', () => resolve()).resume())
}

export function errorsOf(frames: readonly Frame[]): Failure[] {
  return frames.filter(frame => frame.type === 'E').map(frame => readFailure(frame.body))
}

/** The command tags of an answer. */
export function tagsOf(frames: readonly Frame[]): string[] {
  return frames
    .filter(frame => frame.type === 'C')
    .map(frame => frame.body.toString('utf8', 0, frame.body.length - 1))
}
