import { createServer, type Server } from 'node:http'
import { type Bridge, bridge } from '../bridge/bridge.js'
import { type RemoteWrite, remoteWrite } from '../remote-write.js'
import type { CheckedConfig } from './config.js'
import type { Log } from './log.js'
import { durationMs, pushOptions, tailOptions } from './options.js'
import type { RemoteWriteConfig } from './types.js'

/** Answers that are under way may take so long when the exporter is closed. */
const lastAnswersMs = 10_000
/** So often it is looked who has been silent for too long. */
const lookEveryMs = 1000

export interface RunningExporter {
  /** Where it listens, without a slash at the end. */
  readonly url: string
  readonly bridge: Bridge
  /**
   * In this order: no new connections; answers under way are finished, with what they began with; then the streams of the database are
   * closed. Idempotent.
   */
  readonly close: () => Promise<void>
}

/**
 * Serves the views of a configuration. Resolves once it listens; the views follow when they are there. Rejects with nothing left behind.
 */
export async function startExporter({ config, views }: CheckedConfig, log: Log): Promise<RunningExporter> {
  const { listen = {}, ready, remoteWrite: pushed } = config
  const { host = '127.0.0.1', port = 9884, maxConnections = 200 } = listen
  const { maxHeaderBytes = 16_384, headerTimeout = '10s' } = listen
  const headersTimeout = durationMs(headerTimeout)
  const made = bridge({
    views,
    tail: tailOptions(config),
    readyMaxLagMs: durationMs(ready?.maxLag ?? '5m'),
    onEvent: log.event,
  })
  let push: RemoteWrite | undefined
  try {
    push = pushed && startPush(made, pushed, log)
    const server = createServer(
      {
        maxHeaderSize: maxHeaderBytes,
        // Whoever connects and sends nothing, or sends it slowly, gives its place up.
        headersTimeout,
        requestTimeout: Math.max(headersTimeout, 30_000),
        connectionsCheckingInterval: Math.min(headersTimeout, lookEveryMs),
      },
      made.handler,
    )
    server.maxConnections = maxConnections
    server.on('drop', () => log.error('A connection was refused: there are too many.', { maxConnections }))
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject).listen(port, host, resolve)
    })
    // The next connection may be taken again: without a listener the second of them would end the process.
    server.on('error', ({ message }) => log.error('A connection could not be taken.', { problem: message }))
    let closing: Promise<void> | undefined
    return {
      url: `http://${host.includes(':') ? `[${host}]` : host}:${portOf(server, port)}`,
      bridge: made,
      close: () => {
        closing ??= close(server, made, push)
        return closing
      },
    }
  } catch (error) {
    await push?.close()
    await made.close()
    throw error
  }
}

async function close(server: Server, made: Bridge, push: RemoteWrite | undefined): Promise<void> {
  const closed = new Promise<void>(resolve => server.close(() => resolve()))
  await push?.close()
  await made.close()
  const deadline = setTimeout(() => server.closeAllConnections(), lastAnswersMs)
  await closed
  clearTimeout(deadline)
}

function portOf(server: Server, wanted: number): number {
  const address = server.address()
  return typeof address === 'object' && address !== null ? address.port : wanted
}

/** The first time as soon as there is something to send. */
function startPush(made: Bridge, config: RemoteWriteConfig, log: Log): RemoteWrite {
  const push = remoteWrite(made, {
    ...pushOptions(config),
    onEvent: event => {
      const { type, ...details } = event
      if (type === 'retry') log.warn('Remote write is tried again.', { event: type, ...details })
      else if (type !== 'sent')
        log.error('Series were not taken by remote write.', { event: type, ...details })
    },
  })
  made.ready.then(
    () => push.flush(),
    () => {},
  )
  return push
}
