import { type BridgeOptions, bridge } from '@mzalert/prom-bridge'
import Fastify, { type FastifyInstance } from 'fastify'
import { Counter, Registry } from 'prom-client'

/** A service with routes and metrics of its own. */
export function service(alerts: Omit<BridgeOptions, 'registry'>): FastifyInstance {
  const app = Fastify()
  const registry = new Registry()
  const orders = new Counter({ name: 'orders_total', help: 'Orders that were taken.', registers: [registry] })
  app.post('/orders', async () => {
    orders.inc()
    return { ok: true }
  })

  // The ten lines: our rows are in the registry that the service has already, and live as long as it does.
  const rows = bridge({ ...alerts, registry })
  for (const path of ['/metrics', '/api/alerts', '/-/ready'])
    app.get(path, (request, reply) => {
      reply.hijack()
      rows.handler(request.raw, reply.raw)
    })
  app.addHook('onClose', () => rows.close())

  return app
}
