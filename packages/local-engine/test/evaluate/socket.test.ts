import { once } from 'node:events'
import { createServer, type Server } from 'node:net'
import { afterEach, describe, expect, it } from 'vitest'
import { Database } from '../../src/evaluate/database.js'
import { Evaluator } from '../../src/evaluate/evaluator.js'
import { PostgresSocket } from '../../src/evaluate/socket.js'
import {
  authenticationOk,
  backendKeyData,
  commandComplete,
  copyDone,
  copyOutResponse,
  errorResponse,
  failureIn,
  message,
  readyForQuery,
} from '../../src/wire/backend.js'
import { failure } from '../../src/wire/failure.js'
import { FrameReader } from '../../src/wire/frames.js'
import { query, readQuery } from '../../src/wire/frontend.js'

const servers: Server[] = []

afterEach(() => {
  for (const server of servers.splice(0)) server.close()
})

/** A server that answers each query as it is told; after `undefined` in the middle of an answer it is gone. */
async function serve(answerTo: (sql: string) => readonly (Buffer | undefined)[]): Promise<string> {
  const server = createServer(socket => {
    const reader = new FrameReader(2 ** 20)
    let isIn = false
    socket.on('error', () => {})
    socket.on('data', chunk => {
      reader.push(chunk)
      for (let frame = reader.next(); typeof frame === 'object'; frame = reader.next()) {
        if (!isIn) {
          isIn = true
          reader.startTyped()
          socket.write(Buffer.concat([authenticationOk(), backendKeyData(1, 2), readyForQuery('I')]))
          continue
        }
        for (const part of frame.type === 'Q' ? answerTo(readQuery(frame.body)) : []) {
          if (part === undefined) return socket.destroySoon()
          socket.write(part)
        }
      }
    })
  }).listen(0, '127.0.0.1')
  servers.push(server)
  await once(server, 'listening')
  return `postgres://me@127.0.0.1:${Object(server.address()).port}/db`
}

const done = [commandComplete('DONE'), readyForQuery('I')]
const snapshot = message('D', body => body.int16(1).int32(8).utf8('10:10:10'))
const row = (line: string): Buffer => message('d', body => body.utf8(`${line}\n`))
const shutdown = errorResponse({ ...failure('57P01', 'terminating connection'), severity: 'FATAL' })

const halves: readonly (readonly [string, readonly (Buffer | undefined)[]])[] = [
  ['without a word', [copyOutResponse(1), row('1'), undefined]],
  ['with one', [copyOutResponse(1), row('1'), shutdown, undefined]],
  ['with rows after the last word', [copyOutResponse(1), row('1'), copyDone, undefined]],
]

describe('a server that goes away in the middle of an answer', () => {
  it('has not answered, unless it said why', async () => {
    const url = await serve(sql => (sql === 'why' ? [shutdown, undefined] : [row('half'), undefined]))
    const silent = await PostgresSocket.open(url, [])
    await expect(silent.exchange(query('silent'))).rejects.toThrow('closed the connection')
    expect(silent.isLost).toBe(true)
    await expect(silent.exchange(query('again'))).rejects.toThrow('closed the connection')
    const talking = await PostgresSocket.open(url, [])
    expect(failureIn(await talking.exchange(query('why')))).toMatchObject({ code: '57P01' })
  })

  it.each(halves)('L6: half an answer %s takes no row away from a view', async (_, half) => {
    let breaks = false
    const whole = [copyOutResponse(1), row('1'), row('2'), copyDone, ...done]
    const url = await serve(sql => {
      if (sql.includes('snapshot')) return [snapshot, ...done]
      return sql.startsWith('COPY') ? (breaks ? half : whole) : done
    })
    const socket = await PostgresSocket.open(url, [])
    const evaluator = new Evaluator(new Database(socket))
    const columns = [{ name: 'x', oid: 23, typeLength: 4, typmod: -1 }]
    const subject = { kind: 'query', sql: 'q' } as const
    const plan = {
      key: 'k',
      subject,
      sql: 'q',
      name: 'v',
      columns,
      settings: [],
      temporal: true,
      constant: false,
    }
    const first = await evaluator.evaluate({
      timestamp: 1,
      tick: true,
      wants: [{ id: 1, temporal: true, plan }],
    })
    expect(first.views).toEqual([
      {
        id: 1,
        changes: [
          ['1', 1],
          ['2', 1],
        ],
      },
    ])
    breaks = true
    await expect(
      evaluator.evaluate({ timestamp: 2, tick: true, wants: [{ id: 1, temporal: true }] }),
    ).rejects.toThrow()
    expect(socket.isLost).toBe(true)
  })
})
