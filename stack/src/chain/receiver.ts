import { once } from 'node:events'
import type { Server } from 'node:http'
import type { AddressInfo } from 'node:net'

const host = '127.0.0.1'

/** A receiver that can be taken away and brought back, at the same address. */
export interface Receiver {
  /** `host:port` */
  readonly address: string
  readonly start: () => Promise<void>
  readonly kill: () => Promise<void>
}

/** Listens on a free port. */
export async function listening(server: Server): Promise<Receiver> {
  await once(server.listen(0, host), 'listening')
  const { port } = server.address() as AddressInfo
  return {
    address: `${host}:${port}`,
    start: async () => {
      if (!server.listening) await once(server.listen(port, host), 'listening')
    },
    kill: async () => {
      if (!server.listening) return
      const gone = once(server, 'close')
      server.close()
      server.closeAllConnections()
      await gone
    },
  }
}
