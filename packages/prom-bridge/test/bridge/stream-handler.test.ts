import { EventEmitter } from 'node:events'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { expect, test } from 'vitest'
import { Streams } from '../../src/bridge/stream-handler.js'

/** A response whose reader takes what it is sent, or nothing. */
class Reader extends EventEmitter {
  writableNeedDrain: boolean
  isDestroyed = false

  constructor(takes: boolean) {
    super()
    this.writableNeedDrain = !takes
  }

  writeHead(): void {}

  destroy(): void {
    this.isDestroyed = true
    this.emit('close')
  }

  end(): void {
    this.emit('close')
  }
}

test('who follows and takes nothing for too long is cut off; who takes what it gets is not', async () => {
  const left: string[] = []
  const publisher = (name: string) => ({ add: () => () => left.push(name), tick: () => {} })
  const streams = new Streams([], 500)
  const [stalled, reading] = [new Reader(false), new Reader(true)]
  const request = { method: 'GET' } as IncomingMessage
  streams.open(request, reading as unknown as ServerResponse, publisher('reading'))
  const isCutOff = new Promise(resolve => stalled.on('close', resolve))
  streams.open(request, stalled as unknown as ServerResponse, publisher('stalled'))
  await isCutOff
  expect([stalled.isDestroyed, reading.isDestroyed, left]).toEqual([true, false, ['stalled']])
  streams.close()
  expect(left).toEqual(['stalled', 'reading'])
})
