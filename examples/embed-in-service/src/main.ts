import { service } from './service.js'

const { MZ_URL: connection = 'postgres://materialize@127.0.0.1:6875/materialize', PORT = '3000' } =
  process.env

const app = service({
  connection,
  tail: { waitForRelation: true },
  views: [{ view: 'organization_alert', labels: { alert_cond: 'alert_cond', organization: 'labels' } }],
  onEvent: ({ type }) => console.error(type),
})
const address = await app.listen({ host: '127.0.0.1', port: Number(PORT) })
console.error(`Listening on ${address}`)
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => void app.close())
