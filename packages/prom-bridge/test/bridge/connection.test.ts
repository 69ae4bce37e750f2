import { type AddressInfo, createServer } from 'node:net'
import { TailError } from '@mzalert/tail-client'
import { expect, test } from 'vitest'
import { type Bridge, bridge } from '../../src/bridge/bridge.js'
import type { BridgeEvent } from '../../src/types.js'
import { until } from '../support/source.js'

const views = [{ view: 'organization_alert', labels: { organization: 'labels' } }] as const

/** A port where nobody listens: it was free a moment ago. */
async function deadPort(): Promise<number> {
  const server = createServer()
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  await new Promise(resolve => server.close(resolve))
  return port
}

test('B31: a server that is not there is tried again, and every attempt is reported', async () => {
  const events: BridgeEvent[] = []
  const made = bridge({
    connection: { host: '127.0.0.1', port: await deadPort(), user: 'materialize' },
    tail: { retry: { initialMs: 1, maxMs: 1 } },
    views,
    onEvent: event => events.push(event),
  })
  await until(() => events.length >= 2)
  expect(events.slice(0, 2)).toMatchObject([
    { type: 'retry', view: 'organization_alert', attempt: 1, error: { code: 'CONNECTION_REFUSED' } },
    { type: 'retry', view: 'organization_alert', attempt: 2, error: { code: 'CONNECTION_REFUSED' } },
  ])
  expect(made.metrics()).toContain('mzalert_view_up{view="organization_alert"} 0\n')
  await made.close()
})

test('a stream that gives up is a failure whose cause is the error of tail', async () => {
  const made = bridge({
    connection: { host: '127.0.0.1', port: await deadPort(), user: 'materialize' },
    tail: { retry: false },
    views,
  })
  const error: unknown = await made.ready.catch((reason: unknown) => reason)
  expect(error).toMatchObject({ code: 'STREAM_FAILED' })
  expect(TailError.is((error as Error).cause)).toBe(true)
  await made.close()
})

test('a view without a source needs a connection', () => {
  const attempt = (): Bridge => bridge({ views })
  expect(attempt).toThrow('[INVALID_OPTION] connection is undefined.')
})

test('an option that tail refuses is refused at once, for the view it belongs to', () => {
  const attempt = (): Bridge =>
    bridge({ connection: 'postgres://localhost', tail: { connectTimeoutMs: -1 }, views })
  expect(attempt).toThrow(/^\[INVALID_OPTION\] View "organization_alert": connectTimeoutMs is -1/)
})
