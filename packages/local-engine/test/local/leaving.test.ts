import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { query } from '../../src/wire/frontend.js'
import { engineFor, type TestEngine } from '../support/engine.js'
import { RawClient } from '../support/raw-client.js'
import { OpenStream } from '../support/stream.js'
import { until } from '../support/wait.js'

let engine: TestEngine
let other: RawClient

beforeAll(async () => {
  engine = await engineFor()
  await engine.execute('create table t (x int); create table control (x int)')
  other = await RawClient.connect(engine.port)
})

afterAll(() => engine.close())

/** How many views the engine evaluates, once it is asked to evaluate one more. */
async function evaluatedViews(): Promise<number> {
  const control = await OpenStream.accepted(engine.port, 'copy (subscribe control with (progress)) to stdout')
  await control.settled()
  const seen = engine.events.length
  const evaluated = await until(
    () => engine.events.slice(seen).find(event => event.type === 'evaluated'),
    'an evaluation',
  )
  control.client.destroy()
  await control.client.end()
  return evaluated.type === 'evaluated' ? evaluated.views : 0
}

describe('a client that leaves', () => {
  it('L10: while its SUBSCRIBE waits behind a transaction of another leaves nothing behind', async () => {
    await other.query('begin')
    const client = await RawClient.connect(engine.port)
    client.write(query('copy (subscribe t with (progress)) to stdout'))
    await other.query('select 1')
    client.destroy()
    await until(() => client.ended, 'the end of the connection')
    // What the engine was sent before this it has read.
    for (let i = 0; i < 3; i++) await other.query('select 1')
    await other.query('commit')
    expect(await evaluatedViews()).toBe(1)
  })

  it('L10: at once after its SUBSCRIBE leaves nothing behind', async () => {
    for (let i = 0; i < 10; i++) {
      const client = await RawClient.connect(engine.port)
      client.write(query('copy (subscribe t with (progress)) to stdout'))
      await client.end()
      client.destroy()
    }
    expect(await evaluatedViews()).toBe(1)
  })
})
