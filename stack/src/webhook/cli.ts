#!/usr/bin/env node
import { receiver } from './server.js'

const { HOST: host = '127.0.0.1', PORT: port = '9094' } = process.env

const server = receiver({ onNotification: (_, lines) => console.log(lines.join('\n')) })
server.once('error', error => {
  console.error(error.message)
  process.exitCode = 1
})
server.listen(Number(port), host, () => console.error(`Notifications are taken on http://${host}:${port}`))

const stop = (): void => {
  server.close()
  server.closeAllConnections()
}
process.once('SIGINT', stop).once('SIGTERM', stop)
