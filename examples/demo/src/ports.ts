import { createServer } from 'node:net'

/** The wanted port if it is free, else any free one; 0 asks for any. */
export async function freePort(wanted: number, host: string): Promise<number> {
  return (await isFree(wanted, host)) ?? (await isFree(0, host)) ?? 0
}

/** The port that was bound, or undefined if it is taken. */
function isFree(port: number, host: string): Promise<number | undefined> {
  return new Promise(resolve => {
    const server = createServer()
    server.once('error', () => resolve(undefined))
    server.listen(port, host, () => {
      const address = server.address()
      const bound = typeof address === 'object' && address !== null ? address.port : port
      server.close(() => resolve(bound))
    })
  })
}
