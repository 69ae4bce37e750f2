import { inspect } from 'node:util'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { alertmanager } from '../../src/sinks/alertmanager.js'
import { post } from '../../src/sinks/http.js'
import { slack } from '../../src/sinks/slack.js'
import { webhook } from '../../src/sinks/webhook.js'
import { HttpReceiver } from '../../src/testing/receiver.js'
import type { Sink } from '../../src/types.js'
import { alert } from '../support/sink.js'

const nowMs = Date.UTC(2026, 10, 24, 4)
const secret = 'hunter2-hunter2'

let receiver: HttpReceiver
beforeEach(async () => {
  receiver = await HttpReceiver.start()
})
afterEach(() => receiver.close())

/** What an error shows anywhere in it. */
async function shown(work: unknown): Promise<string> {
  try {
    await work
  } catch (error) {
    return inspect(error, { depth: 10 })
  }
  throw new Error('It did not fail.')
}

function send(sink: Sink | undefined): unknown {
  return sink?.send([alert()], { signal: new AbortController().signal, nowMs })
}

test('S16: a secret that a server echoes is not shown', async () => {
  receiver.answer = { status: 400, body: `token ${secret} is bad` }
  const { signal } = new AbortController()
  const error = await shown(
    post({ who: 'It', url: receiver.url, body: '', signal, secrets: [secret], nowMs }),
  )
  expect(error).toContain('[SEND_REJECTED] It answered 400: token *** is bad.')
})

const places: readonly (readonly [what: string, make: (url: string) => Sink | undefined])[] = [
  ['a token in a header', url => webhook({ url, headers: { authorization: `Bearer ${secret}` } })],
  ['a value in a query', url => webhook({ url: `${url}/?token=${secret}` })],
  ['a part of a path', url => webhook({ url: `${url}/hook/${secret}/in` })],
  ['a part of a path that is escaped', url => webhook({ url: `${url}/hook/${secret.replace('-', '%2D')}` })],
  ['a part of the address of a channel', url => slack({ url: `${url}/services/T0/B0/${secret}` })],
  ['a password', url => alertmanager({ url: url.replace('//', `//user:${secret}@`) })[0]],
  ['a query of Alertmanager', url => alertmanager({ url: `${url}/?key=${secret}` })[0]],
]

test.each(places)('S16: %s is not shown where a server says it alone', async (_what, make) => {
  receiver.answer = { status: 403, body: `${secret} has no right to do this` }
  expect(await shown(send(make(receiver.url)))).toContain('answered 403: *** has no right to do this.')
})

test('S16: a secret that reaches over the end of what is shown is not shown in part', async () => {
  receiver.answer = { status: 503, body: `${'x'.repeat(190)}${secret}` }
  const error = await shown(send(webhook({ url: receiver.url, secret })))
  expect(error).toContain('xxx***')
  expect(error).not.toContain('hunter')
})

test('a header may be written in any case, and replaces the one of its name', async () => {
  const headers = { 'Content-Type': 'application/json', Authorization: `Bearer ${secret}` }
  await send(alertmanager({ url: receiver.url.replace('//', '//u:p@'), headers })[0])
  expect(receiver.requests[0]?.headers).toMatchObject({
    'content-type': 'application/json',
    authorization: `Bearer ${secret}`,
  })
})

test('a password that is no valid escape is taken as it is written', async () => {
  await send(alertmanager({ url: receiver.url.replace('//', '//u:100%@') })[0])
  const login = Buffer.from('u:100%').toString('base64')
  expect(receiver.requests[0]?.headers.authorization).toBe(`Basic ${login}`)
})
