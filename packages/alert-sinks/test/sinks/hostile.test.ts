import { createServer, type RequestListener, type Server } from 'node:http'
import { gzipSync } from 'node:zlib'
import { afterEach, expect, test } from 'vitest'
import { SinksError } from '../../src/errors.js'
import { webhook } from '../../src/sinks/webhook.js'
import { alert } from '../support/sink.js'

let server: Server | undefined
let connections = 0

/** Gives its address. */
async function serve(answer: RequestListener): Promise<string> {
  connections = 0
  const made = createServer(answer).on('connection', () => connections++)
  server = made
  await new Promise<void>(resolve => made.listen(0, '127.0.0.1', resolve))
  const address = made.address()
  return `http://127.0.0.1:${typeof address === 'object' ? address?.port : ''}`
}

afterEach(async () => {
  const closed = new Promise(resolve => server?.close(resolve))
  server?.closeAllConnections()
  await closed
})

/** What sending one alert comes to. */
async function sent(url: string): Promise<SinksError | 'taken'> {
  try {
    await webhook({ url }).send([alert()], { signal: new AbortController().signal, nowMs: 0 })
    return 'taken'
  } catch (error) {
    if (SinksError.is(error)) return error
    throw error
  }
}

/** A body that never ends, as fast as it is read; resolves when nobody reads it any more. */
function endless(
  chunk: Uint8Array,
  everyMs?: number,
): { readonly answer: RequestListener; readonly left: Promise<void> } {
  let leave = (): void => {}
  const left = new Promise<void>(resolve => {
    leave = resolve
  })
  return {
    left,
    answer: (_request, response) => {
      response.writeHead(503, { 'retry-after': '30' })
      let timer: NodeJS.Timeout | undefined
      const write = (): void => {
        if (everyMs !== undefined) {
          response.write(chunk)
          timer = setTimeout(write, everyMs)
        } else while (response.write(chunk));
      }
      if (everyMs === undefined) response.on('drain', write)
      response.on('close', () => {
        clearTimeout(timer)
        leave()
      })
      write()
    },
  }
}

test('S22: an answer that unpacks to very much is read only at its beginning', async () => {
  const bomb = gzipSync(Buffer.alloc(256 * 1024 * 1024, 'x'))
  let encodings: unknown
  const url = await serve((request, response) => {
    encodings = request.headers['accept-encoding']
    response.writeHead(500, { 'content-encoding': 'gzip' }).end(bomb)
  })
  const before = process.memoryUsage().rss
  expect(await sent(url)).toMatchObject({ code: 'SEND_FAILED' })
  expect(process.memoryUsage().rss - before).toBeLessThan(128 * 1024 * 1024)
  expect(encodings).toBe('identity')
})

test('S22: an answer that never ends is read only at its beginning, and its time to come back is kept', async () => {
  const { answer, left } = endless(Buffer.alloc(65_536, 'x'))
  const error = await sent(await serve(answer))
  expect(error).toMatchObject({ code: 'SEND_FAILED', retryAfterMs: 30_000 })
  await left
})

test('S22: an answer that trickles holds nothing up for long', async () => {
  const { answer, left } = endless(Buffer.from('x'), 50)
  const error = await sent(await serve(answer))
  expect(error).toMatchObject({ code: 'SEND_FAILED', retryAfterMs: 30_000 })
  await left
})

test('S22: what was taken is taken, whatever comes after the status', async () => {
  const url = await serve((_request, response) => {
    response.writeHead(200, { 'content-encoding': 'gzip' }).write('no gzip')
  })
  expect(await sent(url)).toBe('taken')
})

test('S22: a redirect is not followed', async () => {
  const seen: string[] = []
  const url = await serve((request, response) => {
    seen.push(request.url ?? '')
    response.writeHead(307, { location: '/elsewhere' }).end()
  })
  expect(await sent(url)).toMatchObject({ code: 'SEND_FAILED' })
  expect(seen).toEqual(['/'])
})

test('a connection whose answers are short is used again', async () => {
  const url = await serve((_request, response) => response.writeHead(200).end('ok'))
  for (let call = 0; call < 20; call++) expect(await sent(url)).toBe('taken')
  expect(connections).toBeLessThan(10)
})
