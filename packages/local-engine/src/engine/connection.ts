import type { Socket } from 'node:net'
import { errorResponse } from '../wire/backend.js'
import { asBuffer } from '../wire/bytes.js'
import { type Frame, FrameReader, framesOf } from '../wire/frames.js'
import type { Channel } from './channel.js'

/** Bytes of messages that are taken from a client before they are answered. */
const readAheadBytes = 1024 * 1024
/** How often a slow client is given a little, at most. */
const trickleMs = 20

/** How long a client that is to go has to take what it was sent last. */
const lingerMs = 1000

/** A client's socket as a channel. */
export class Connection implements Channel {
  readonly #socket: Socket
  readonly #reader: FrameReader
  #waiting: ((frame: Frame | undefined) => void) | undefined
  #hasHungUp = false
  #isBroken = false
  #flow = Number.POSITIVE_INFINITY
  /** What the flow has not let through. No more than what one answer or one chunk of a stream holds. */
  #held: Buffer[] = []
  #trickle: NodeJS.Timeout | undefined
  #linger: NodeJS.Timeout | undefined
  #isCutting = false
  readonly #sending = new Set<() => void>()
  /** Resolves when the socket is closed, by whichever side. */
  readonly closed: Promise<void>
  onDrain: () => void = () => {}
  onHangup: () => void = () => {}

  constructor(socket: Socket, maxFrameBytes: number) {
    this.#socket = socket
    this.#reader = new FrameReader(maxFrameBytes)
    socket.setNoDelay(true)
    socket.on('data', chunk => this.#receive(chunk))
    socket.on('drain', () => this.#drained())
    socket.on('end', () => this.#hangUp())
    this.closed = new Promise(resolve => {
      socket.on('close', () => {
        this.#close()
        resolve()
      })
    })
    // 'close' follows; a client that vanishes is not an event for anyone.
    socket.on('error', () => {})
  }

  get isGone(): boolean {
    return this.#hasHungUp
  }

  /** From now on messages have a type letter. */
  startTyped(): void {
    this.#reader.startTyped()
  }

  next(): Promise<Frame | undefined> {
    const frame = this.#take()
    if (frame !== undefined || this.#hasHungUp) return Promise.resolve(frame)
    this.#socket.resume()
    return new Promise(resolve => {
      this.#waiting = resolve
    })
  }

  async send(...parts: readonly Uint8Array[]): Promise<void> {
    if (parts.length === 0 || !this.#socket.writable) return
    const [first] = parts
    const bytes = parts.length === 1 && first !== undefined ? first : Buffer.concat(parts)
    if (bytes.length === 0 || this.#put(asBuffer(bytes))) return
    await new Promise<void>(resolve => {
      this.#sending.add(resolve)
    })
  }

  write(bytes: Buffer): boolean {
    return !this.#socket.writable || (this.#isCutting ? this.#cut(bytes) : this.#put(bytes))
  }

  /** How many bytes a second are sent from now on: as many as the client takes, a few, or none. */
  setFlow(bytesPerSecond: number): void {
    this.#flow = bytesPerSecond
    this.#resume()
  }

  /** The next row of a stream is begun and not finished; then the connection is closed. */
  cutNextRow(): void {
    this.#isCutting = true
  }

  end(): void {
    // A client that does not read would keep what is written, and the FIN behind it, for ever.
    if (this.#socket.writableNeedDrain) this.#socket.destroy()
    else this.#socket.destroySoon()
    if (!this.#socket.destroyed) this.#linger ??= setTimeout(() => this.#socket.destroy(), lingerMs)
  }

  #put(bytes: Buffer): boolean {
    if (this.#flow === Number.POSITIVE_INFINITY && this.#held.length === 0) return this.#socket.write(bytes)
    this.#held.push(bytes)
    return this.#release()
  }

  /** Sends of what is held as much as the flow allows now. True if that was all, and the client takes more. */
  #release(): boolean {
    if (this.#flow === 0 || this.#trickle !== undefined) return false
    const all = Buffer.concat(this.#held)
    const pauseMs = Math.max(trickleMs, 1000 / this.#flow)
    // One at least: for many a flow the product is a hair less, and nothing would ever be sent.
    const share = Math.min(all.length, Math.max(1, Math.floor((this.#flow * pauseMs) / 1000)))
    this.#held = share < all.length ? [all.subarray(share)] : []
    if (this.#flow !== Number.POSITIVE_INFINITY) this.#trickle = setTimeout(() => this.#resume(), pauseMs)
    return this.#socket.write(all.subarray(0, share)) && this.#held.length === 0
  }

  #resume(): void {
    clearTimeout(this.#trickle)
    this.#trickle = undefined
    if (this.#held.length > 0 && this.#release()) this.#drained()
  }

  #drained(): void {
    if (this.#held.length > 0) return
    this.onDrain()
    for (const resolve of this.#sending) resolve()
    this.#sending.clear()
  }

  /** Half of the first row in these bytes, and the end. */
  #cut(bytes: Buffer): boolean {
    let at = 0
    for (const { type, body } of framesOf(bytes)) {
      if (type === 'd' || type === 'D') {
        this.#socket.write(bytes.subarray(0, at + 5 + Math.floor(body.length / 2)))
        this.end()
        return false
      }
      at += 5 + body.length
    }
    return this.#put(bytes)
  }

  #close(): void {
    clearTimeout(this.#trickle)
    clearTimeout(this.#linger)
    this.#held = []
    for (const resolve of this.#sending) resolve()
    this.#sending.clear()
    this.#hangUp()
  }

  #receive(chunk: Buffer): void {
    this.#reader.push(chunk)
    const waiting = this.#waiting
    if (waiting === undefined) {
      if (this.#reader.buffered > readAheadBytes) this.#socket.pause()
      return
    }
    const frame = this.#take()
    if (frame === undefined && !this.#hasHungUp) return
    this.#waiting = undefined
    waiting(frame)
  }

  #take(): Frame | undefined {
    const frame = this.#isBroken ? undefined : this.#reader.next()
    if (typeof frame === 'string') {
      this.#isBroken = true
      this.#socket.write(errorResponse({ severity: 'FATAL', code: '08P01', message: frame }))
      this.#hangUp()
      this.end()
      return undefined
    }
    return frame
  }

  #hangUp(): void {
    if (this.#hasHungUp) return
    this.#hasHungUp = true
    this.onHangup()
    const waiting = this.#waiting
    this.#waiting = undefined
    waiting?.(undefined)
  }
}
