import { createServer } from 'node:http'
import { type Bridge, bridge } from '../bridge/bridge.js'
import { type RemoteWrite, remoteWrite } from '../remote-write.js'
import type { CheckedConfig } from './config.js'
import type { Log } from './log.js'
import { durationMs, tailOptions } from './options.js'
import type { Config } from './types.js'

/** Answers that are under way may take so long when the exporter is closed. */
const lastAnswersMs = 10_000

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

/** Serves the views of a configuration. Resolves once it listens; the views follow when they are there. */
export async function startExporter({ config, views }: CheckedConfig, log: Log): Promise<RunningExporter> {
  const {
    host = '127.0.0.1',
    port = 9884,
    maxConnections = 200,
    maxHeaderBytes = 16_384,
  } = config.listen ?? {}
  const made = bridge({
    views,
    tail: tailOptions(config),
    readyMaxLagMs: durationMs(config.ready?.maxLag ?? '5m'),
    onEvent: log.event,
  })
  const push = config.remoteWrite && startPush(made, config.remoteWrite, log)
  const server = createServer(
    // Whoever connects and sends nothing, or sends it slowly, gives its place up.
    { maxHeaderSize: maxHeaderBytes, headersTimeout: 10_000, requestTimeout: 30_000 },
    made.handler,
  )
  server.maxConnections = maxConnections
  server.on('drop', () => log.error('A connection was refused: there are too many.', { maxConnections }))
  try {
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject).listen(port, host, resolve)
    })
  } catch (error) {
    await push?.close()
    await made.close()
    throw error
  }
  const address = server.address()
  const bound = typeof address === 'object' && address !== null ? address.port : port
  const close = async (): Promise<void> => {
    const closed = new Promise<void>(resolve => server.close(() => resolve()))
    await push?.close()
    await made.close()
    const deadline = setTimeout(() => server.closeAllConnections(), lastAnswersMs)
    await closed
    clearTimeout(deadline)
  }
  let closing: Promise<void> | undefined
  return {
    url: `http://${host.includes(':') ? `[${host}]` : host}:${bound}`,
    bridge: made,
    close: () => {
      closing ??= close()
      return closing
    },
  }
}

function startPush(made: Bridge, config: NonNullable<Config['remoteWrite']>, log: Log): RemoteWrite {
  const { url, interval, labels, headers } = config
  return remoteWrite(made, {
    url,
    ...(interval === undefined ? {} : { intervalMs: durationMs(interval) }),
    ...(labels === undefined ? {} : { labels }),
    ...(headers === undefined ? {} : { headers }),
    onEvent: event => {
      const { type, ...details } = event
      if (type !== 'sent') log.error('Series were not taken by remote write.', { event: type, ...details })
    },
  })
}
