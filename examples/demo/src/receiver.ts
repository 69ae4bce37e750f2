import { createServer, type Server } from 'node:http'

/**
 * Takes what is posted to it as JSON. Its address is on the screen: a browser that looks at it is answered 400, and so is whatever
 * else `take` cannot read. Nothing that comes here ends the demonstration.
 */
export function receiver<Body>(take: (body: Body) => void): Server {
  return createServer(async (request, response) => {
    try {
      const chunks: Buffer[] = []
      for await (const chunk of request) chunks.push(chunk as Buffer)
      take(JSON.parse(Buffer.concat(chunks).toString()) as Body)
      response.end('ok')
    } catch {
      response.writeHead(400).end('This is for what is posted as JSON.\n')
    }
  })
}
