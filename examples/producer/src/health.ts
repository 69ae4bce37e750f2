import { once } from 'node:events'
import { createServer } from 'node:http'
import type { ProducerMetrics } from './metrics.js'

/** Where it is served, and what it tells. */
export interface HealthOptions {
  readonly host: string
  readonly port: number
  readonly metrics: ProducerMetrics
  /** What it is not ready for, in words; undefined while events arrive. */
  readonly waitsFor: () => string | undefined
}

/** A server that answers. */
export interface Health {
  readonly url: string
  readonly close: () => Promise<void>
}

/** Serves `/-/healthy` (it runs), `/-/ready` (events arrive) and `/metrics`. */
export async function serveHealth({ host, port, metrics, waitsFor }: HealthOptions): Promise<Health> {
  const answer = async (path: string): Promise<readonly [status: number, body: string, type?: string]> => {
    switch (path) {
      case '/-/healthy':
        return [200, 'healthy\n']
      case '/-/ready': {
        const missing = waitsFor()
        return missing === undefined ? [200, 'ready\n'] : [503, `${missing}\n`]
      }
      case '/metrics':
        return [200, await metrics.registry.metrics(), metrics.registry.contentType]
      default:
        return [404, 'There is /-/healthy, /-/ready and /metrics.\n']
    }
  }
  const server = createServer((request, response) => {
    // Only what comes before the query is compared: a client may send any text, also one that is no URL.
    const [path = ''] = (request.url ?? '').split('?')
    answer(path)
      .catch((): readonly [number, string] => [500, 'The metrics could not be gathered.\n'])
      .then(([status, body, type = 'text/plain']) => {
        response.writeHead(status, { 'content-type': type }).end(body)
      })
  })
  server.listen(port, host)
  await once(server, 'listening')
  const address = server.address()
  const bound = typeof address === 'object' && address !== null ? address.port : port
  return {
    url: `http://${host}:${bound}`,
    close: async () => {
      server.closeAllConnections()
      server.close()
      await once(server, 'close')
    },
  }
}
