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

/** The open streams of server-sent events, and the timer that serves them. */
export class Streams {
  readonly #publishers: readonly Publisher[]
  readonly #stalledMs: number
  /** Each with how long its reader has taken nothing of what it was sent. */
  readonly #open = new Map<ServerResponse, number>()
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
    this.#open.set(response, 0)
    this.#timer ??= setInterval(() => this.#tick(), tickMs)
    response.on('error', () => response.destroy())
    response.on('close', () => {
      leave()
      this.#open.delete(response)
      if (this.#open.size > 0) return
      clearInterval(this.#timer)
      this.#timer = undefined
    })
  }

  #tick(): void {
    for (const [response, stalledMs] of this.#open) {
      const nextMs = response.writableNeedDrain ? stalledMs + tickMs : 0
      if (nextMs > this.#stalledMs) response.destroy()
      else this.#open.set(response, nextMs)
    }
    for (const one of this.#publishers) one.tick()
  }

  close(): void {
    clearInterval(this.#timer)
    for (const response of this.#open.keys()) response.end()
  }
}
