import { once } from 'node:events'
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type SlackMessage, until } from '../../src/chain/index.js'
import { alertmanagerOf } from '../../src/chain/programs.js'
import { slackLike } from '../../src/chain/slack.js'
import { stackFolder } from '../../src/paths.js'
import { freePort, type Program, program } from '../../src/program.js'

const folder = mkdtempSync(path.join(tmpdir(), 'mzalert-slack-'))
const messages: SlackMessage[] = []
const slack = slackLike(message => messages.push(message))
let alertmanager: Program
let url: string

beforeAll(async () => {
  await once(slack.listen(0, '127.0.0.1'), 'listening')
  const { port } = slack.address() as AddressInfo
  cpSync(path.join(stackFolder, 'alertmanager'), folder, { recursive: true })
  mkdirSync(path.join(folder, 'channel'))
  writeFileSync(path.join(folder, 'slack_url'), `http://127.0.0.1:${port}/services/T000/B000/secret\n`)
  writeFileSync(
    path.join(folder, 'channel', 'channel.tmpl'),
    '{{ define "mzalert.slack.channel" }}#here{{ end }}',
  )
  const file = path.join(folder, 'slack.yml')
  writeFileSync(
    file,
    readFileSync(file, 'utf8')
      .replace('/run/secrets/slack_url', path.join(folder, 'slack_url'))
      .replace('/etc/slack/', `${path.join(folder, 'channel')}/`),
  )
  const address = `127.0.0.1:${await freePort()}`
  url = `http://${address}`
  alertmanager = program({
    name: 'alertmanager',
    ...alertmanagerOf(file, path.join(folder, 'data'), address),
  })
  await alertmanager.start()
})
afterAll(async () => {
  await alertmanager?.kill()
  slack.close()
  slack.closeAllConnections()
  rmSync(folder, { recursive: true, force: true })
})

test('C7: what a row holds is text in Slack, and no markup: it can call nobody, link nowhere, and end no link', async () => {
  const alert = {
    labels: { alertname: 'Row & <co>', customer_name: '<!channel>', severity: 'warning', view: 'v' },
    annotations: {
      summary: '<!here> <https://evil.example|click> & more',
      runbook_url: 'https://docs.example/?a=1&b=<x>|click me',
    },
    generatorURL: 'http://prometheus.example/graph?g0.expr=a&g0.tab=1',
  }
  const headers = { 'content-type': 'application/json' }
  const body = JSON.stringify([alert])
  expect((await fetch(`${url}/api/v2/alerts`, { method: 'POST', headers, body })).ok).toBe(true)
  await until('Slack was told', () => messages.length > 0)
  const [attachment] = messages[0]?.attachments ?? []
  expect(attachment?.title).toBe('[FIRING: 1] Row &amp; &lt;co&gt;')
  const [first = '', second = ''] = attachment?.text.split('\n') ?? []
  expect(first).toBe(':fire: *&lt;!channel&gt;*: &lt;!here&gt; &lt;https://evil.example|click&gt; &amp; more')
  expect(second.replace(/^since \S+ UTC/, '')).toBe(
    ' · <http://prometheus.example/graph?g0.expr=a&amp;g0.tab=1|graph>' +
      ' · <https://docs.example/?a=1&amp;b=&lt;x&gt;%7Cclick me|what to do>',
  )
})
