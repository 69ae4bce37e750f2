import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Subscriber } from '../page/events.js'

/** Streams that may be open at once; each costs a connection. */
export const maxStreams = 100
const tickMs = 250

/** Who sends to those that follow. */
interface Publisher {
  readonly add: (subscriber: Subscriber) => () => void
  readonly tick: () => void
}

interface Stream {
  readonly request: IncomingMessage
  /** Takes it from its publisher: nothing more is sent. */
  readonly leave: () => void
  /** How long its reader has taken nothing of what it was sent. */
  stalledMs: number
}

/** The open streams of server-sent events, and the timer that serves them. */
export class Streams {
  readonly #publishers: readonly Publisher[]
  readonly #stalledMs: number
  readonly #open = new Map<ServerResponse, Stream>()
  #timer: NodeJS.Timeout | undefined

  /** A reader that takes nothing for `stalledMs` is cut off. */
  constructor(publishers: readonly Publisher[], stalledMs: number) {
    this.#publishers = publishers
    this.#stalledMs = stalledMs
  }

  get isFull(): boolean {
    return this.#open.size >= maxStreams
  }

  open(request: IncomingMessage, response: ServerResponse, publisher: Publisher): void {
    response.writeHead(200, {
      'content-type': 'text/event-stream; charset=utf-8',
      'cache-control': 'no-store',
      'x-content-type-options': 'nosniff',
      // Proxies that gather answers would make the page late.
      'x-accel-buffering': 'no',
    })
    if (request.method === 'HEAD') {
      response.end()
      return
    }
    const leave = publisher.add({
      send: chunk => void response.write(chunk),
      isBusy: () => response.writableNeedDrain,
    })
    this.#open.set(response, { request, leave, stalledMs: 0 })
    this.#timer ??= setInterval(() => this.#tick(), tickMs)
    response.on('error', () => response.destroy())
    response.on('close', () => this.#remove(response))
  }

  #tick(): void {
    for (const [response, stream] of this.#open) {
      const isOwed = response.writableEnded ? !response.writableFinished : response.writableNeedDrain
      stream.stalledMs = isOwed ? stream.stalledMs + tickMs : 0
      const isStalled = stream.stalledMs > this.#stalledMs
      if (isStalled) response.destroy()
      // One that waits behind another answer of its connection is never told that it is closed.
      if (isStalled || stream.request.socket.destroyed) this.#remove(response)
    }
    for (const one of this.#publishers) one.tick()
  }

  #remove(response: ServerResponse): void {
    this.#open.get(response)?.leave()
    this.#open.delete(response)
    if (this.#open.size > 0) return
    clearInterval(this.#timer)
    this.#timer = undefined
  }

  /** Ends every stream; one whose reader does not take its end is cut off like any other. */
  close(): void {
    for (const [response, { leave }] of this.#open) {
      leave()
      response.end()
    }
  }
}
