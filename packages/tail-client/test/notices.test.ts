import { expect, test } from 'vitest'
import { TailError, tail } from '../src/index.js'
import { messages, progress, update } from '../src/testing/messages.js'
import { type Script, welcome } from '../src/testing/server.js'
import { accepted, collect, serve, until } from './support/serve.js'

const version = 'v0.147.0-dev (000000000)'
const said = (text: string): Buffer => messages.notice(text)

/** A server that says something in every phase. */
const talkative: Script = {
  version,
  login: client =>
    client.send(
      said('login'),
      ...welcome(client, version).slice(0, -1),
      said('cluster'),
      ...welcome(client, version).slice(-1),
    ),
  copy: client =>
    client.send(said('statement'), accepted, progress(1), update(1, 1, 'a'), said('rows'), progress(2)),
}

test('T21: what a server says is told, from the login on', async () => {
  const { options } = await serve(talkative)
  const stream = tail('v', options)
  const heard: string[] = []
  stream.events.on('notice', ({ message }) => heard.push(message))
  await collect(stream.batches(), () => true)
  expect(heard).toEqual(['login', 'cluster', 'statement', 'rows'])
})

test('T51: an error of a listener of notices is the error of the iteration, whenever the notice comes', async () => {
  for (const when of ['login', 'cluster', 'statement', 'rows']) {
    const { options, server } = await serve(talkative)
    const stream = tail('v', options)
    stream.events.on('notice', ({ message }) => {
      if (message === when) throw new RangeError(`mine, at ${when}`)
    })
    const error = await collect(stream.batches(), () => false).catch((reason: unknown) => reason)
    expect([when, TailError.is(error), String(error)]).toEqual([when, false, `RangeError: mine, at ${when}`])
    expect(server.startups).toHaveLength(1)
    await until(() => server.connections === 0)
  }
})
