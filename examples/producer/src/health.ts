import { once } from 'node:events'
import { createServer } from 'node:http'
import type { ProducerMetrics } from './metrics.js'

export interface HealthOptions {
  readonly host: string
  readonly port: number
  readonly metrics: ProducerMetrics
  /** Whether a batch has arrived. */
  readonly isReady: () => boolean
}

export interface Health {
  readonly url: string
  readonly close: () => Promise<void>
}

/** Serves `/-/healthy` (it runs), `/-/ready` (a batch has arrived) and `/metrics`. */
export async function serveHealth({ host, port, metrics, isReady }: HealthOptions): Promise<Health> {
  const server = createServer(async (request, response) => {
    const { pathname } = new URL(request.url ?? '/', 'http://producer')
    const answer = (status: number, type: string, body: string): void => {
      response.writeHead(status, { 'content-type': type }).end(body)
    }
    if (pathname === '/-/healthy') answer(200, 'text/plain', 'healthy\n')
    else if (pathname === '/-/ready')
      isReady()
        ? answer(200, 'text/plain', 'ready\n')
        : answer(503, 'text/plain', 'no batch has arrived yet\n')
    else if (pathname === '/metrics')
      answer(200, metrics.registry.contentType, await metrics.registry.metrics())
    else answer(404, 'text/plain', 'There is /-/healthy, /-/ready and /metrics.\n')
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
