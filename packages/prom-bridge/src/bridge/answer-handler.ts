import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Turn } from '../series/slices.js'
import { longestTimerMs } from '../timers.js'

/** Some hundred kilobytes. */
const chunksPerTurn = 4

/** What is answered to a request. */
export interface Answer {
  readonly status: number
  readonly headers: Readonly<Record<string, string>>
  readonly chunks: readonly Uint8Array[]
}

/** How an answer is sent. */
interface Sending {
  readonly turn: Turn
  /** A reader that takes nothing for so long is cut off: what it is owed must not be held for ever. */
  readonly stalledMs: number
}

export function text(status: number, body: string, headers: Readonly<Record<string, string>> = {}): Answer {
  return {
    status,
    headers: { 'content-type': 'text/plain; charset=utf-8', ...headers },
    chunks: [Buffer.from(body)],
  }
}

/** Writes chunk by chunk, as fast as the reader takes them; memory is that of the chunks, which are shared. */
export async function send(
  request: IncomingMessage,
  response: ServerResponse,
  answer: Answer,
  { turn, stalledMs }: Sending,
): Promise<void> {
  const length = answer.chunks.reduce((sum, { byteLength }) => sum + byteLength, 0)
  response.writeHead(answer.status, {
    'content-length': length,
    'cache-control': 'no-store',
    'x-content-type-options': 'nosniff',
    'referrer-policy': 'no-referrer',
    ...answer.headers,
  })
  if (request.method !== 'HEAD') {
    for (const [index, chunk] of answer.chunks.entries()) {
      if (response.destroyed) return
      if (!response.write(chunk)) await taken(response, 'drain', stalledMs)
      // A socket that takes everything at once drains without a turn of the event loop.
      if (index % chunksPerTurn === chunksPerTurn - 1) await turn()
    }
  }
  response.end()
  await taken(response, 'finish', stalledMs)
}

/** Resolves when the reader has taken what was written, or is gone; makes it be gone if it does not take it. */
function taken(response: ServerResponse, event: 'drain' | 'finish', stalledMs: number): Promise<void> {
  return new Promise(resolve => {
    const done = (): void => {
      clearTimeout(timer)
      response.off(event, done)
      response.off('close', done)
      resolve()
    }
    const cutOff = (): void => {
      response.destroy()
      // One that waits behind another answer of its connection is never told that it is closed.
      done()
    }
    const timer = setTimeout(cutOff, Math.min(stalledMs, longestTimerMs))
    if (response.destroyed || response.writableFinished) return done()
    response.on(event, done)
    response.on('close', done)
  })
}
