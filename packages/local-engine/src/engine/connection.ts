import type { Socket } from 'node:net'
import { errorResponse } from '../wire/backend.js'
import { type Frame, FrameReader } from '../wire/frames.js'
import type { Channel } from './channel.js'

/** Bytes of messages that are taken from a client before they are answered. */
const readAheadBytes = 1024 * 1024

/** A client's socket as a channel. */
export class Connection implements Channel {
  readonly #socket: Socket
  readonly #reader: FrameReader
  #waiting: ((frame: Frame | undefined) => void) | undefined
  #hungUp = false
  #broken = false
  onDrain: () => void = () => {}
  onHangup: () => void = () => {}

  constructor(socket: Socket, maxFrameBytes: number) {
    this.#socket = socket
    this.#reader = new FrameReader(maxFrameBytes)
    socket.setNoDelay(true)
    socket.on('data', chunk => this.#receive(chunk))
    socket.on('drain', () => this.onDrain())
    socket.on('end', () => this.#hangUp())
    socket.on('close', () => this.#hangUp())
    // 'close' follows; a client that vanishes is not an event for anyone.
    socket.on('error', () => {})
  }

  /** From now on messages have a type letter. */
  startTyped(): void {
    this.#reader.startTyped()
  }

  next(): Promise<Frame | undefined> {
    const frame = this.#take()
    if (frame !== undefined || this.#hungUp) return Promise.resolve(frame)
    this.#socket.resume()
    return new Promise(resolve => {
      this.#waiting = resolve
    })
  }

  async send(...parts: readonly Uint8Array[]): Promise<void> {
    if (parts.length === 0 || !this.#socket.writable) return
    const [first] = parts
    const bytes = parts.length === 1 && first !== undefined ? first : Buffer.concat(parts)
    if (bytes.length === 0 || this.#socket.write(bytes)) return
    await new Promise<void>(resolve => {
      const done = (): void => {
        this.#socket.off('drain', done)
        this.#socket.off('close', done)
        resolve()
      }
      this.#socket.on('drain', done)
      this.#socket.on('close', done)
    })
  }

  write(bytes: Buffer): boolean {
    return !this.#socket.writable || this.#socket.write(bytes)
  }

  end(): void {
    // A client that does not read would keep what is written, and the FIN behind it, for ever.
    if (this.#socket.writableNeedDrain) this.#socket.destroy()
    else this.#socket.destroySoon()
  }

  #receive(chunk: Buffer): void {
    this.#reader.push(chunk)
    const waiting = this.#waiting
    if (waiting === undefined) {
      if (this.#reader.buffered > readAheadBytes) this.#socket.pause()
      return
    }
    const frame = this.#take()
    if (frame === undefined && !this.#hungUp) return
    this.#waiting = undefined
    waiting(frame)
  }

  #take(): Frame | undefined {
    const frame = this.#broken ? undefined : this.#reader.next()
    if (typeof frame === 'string') {
      this.#broken = true
      this.#socket.write(errorResponse({ severity: 'FATAL', code: '08P01', message: frame }))
      this.#hangUp()
      this.end()
      return undefined
    }
    return frame
  }

  #hangUp(): void {
    if (this.#hungUp) return
    this.#hungUp = true
    this.onHangup()
    const waiting = this.#waiting
    this.#waiting = undefined
    waiting?.(undefined)
  }
}
