import { expect, test } from 'vitest'
import { newLog } from '../../src/exporter/log.js'
import { secretsOf } from '../../src/exporter/secrets.js'

const secret = 'p"ss w\\rd%2F'

function logged(level: string, ...errors: readonly unknown[]): readonly Record<string, unknown>[] {
  const lines: string[] = []
  const config = {
    connections: {
      a: { host: 'db', password: secret },
      b: 'postgres://u:hunter%202@db/d',
      c: 'postgres://u:pa@ssword@db/d?sslmode=require&password=in-query',
      short: { host: 'db', password: '30' },
    },
    remoteWrite: {
      url: 'http://writer:write-secret@x/?token=url-token',
      headers: { authorization: 'Bearer token-7' },
    },
    views: [],
  }
  const log = newLog(level, secretsOf(config), line => lines.push(line))
  for (const error of errors) log.event({ type: 'scrape-failed', error })
  log.info(`Connecting to postgres://u:hunter%202@db/d with ${secret}, hunter 2, token-7.`, {
    secret,
    nested: [{ password: '30' }],
  })
  log.warn(`pa@ssword, pa, in-query, write-secret, url-token, ${btoa('writer:write-secret')}`)
  for (const line of lines)
    for (const text of [
      secret,
      JSON.stringify(secret).slice(1, -1),
      'hunter',
      'token-7',
      'pa@ss',
      'in-query',
      'write-',
      'url-token',
    ])
      expect(line).not.toContain(text)
  return lines.map(line => JSON.parse(line) as Record<string, unknown>)
}

test('B37: no password and no token is in a line of the log, however it got there', () => {
  const [failed, said, warned] = logged('info', new Error(`refused ${secret}`))
  expect(failed).toMatchObject({ event: 'scrape-failed', problem: 'refused ***' })
  expect(said).toMatchObject({
    msg: 'Connecting to postgres://u:***@db/d with ***, ***, ***.',
    secret: '***',
    nested: [{ password: '***' }],
  })
  expect(warned).toMatchObject({ level: 40, msg: '***, pa, ***, ***, ***, ***' })
})

test('lines are objects with a time and a level, and those below the level are not written', () => {
  expect(logged('info')).toMatchObject([
    { level: 30, time: expect.stringMatching(/^\d{4}-.*Z$/) },
    { level: 40 },
  ])
  expect(logged('error')).toEqual([])
})
