import { once } from 'node:events'
import { connect } from 'node:net'
import { expect, onTestFinished, test } from 'vitest'
import { listening } from '../../src/chain/receiver.js'
import { type SlackMessage, slackLike } from '../../src/chain/slack.js'

test('an Alertmanager that is killed in the middle of a message ends nothing, and the next message is taken', async () => {
  const messages: SlackMessage[] = []
  const slack = await listening(slackLike(message => messages.push(message)))
  onTestFinished(slack.kill)
  const [host = '', port = ''] = slack.address.split(':')
  const socket = connect(Number(port), host)
  await once(socket, 'connect')
  await new Promise(resolve =>
    socket.write('POST / HTTP/1.1\r\nhost: here\r\ncontent-length: 100\r\n\r\n{"channel"', resolve),
  )
  socket.destroy()
  await once(socket, 'close')
  const message = { channel: '#here', attachments: [{ text: 'It fires', fallback: 'It fires' }] }
  const answer = await fetch(`http://${slack.address}`, { method: 'POST', body: JSON.stringify(message) })
  expect(await answer.text()).toBe('ok')
  expect(messages).toEqual([message])
})
