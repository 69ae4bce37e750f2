// faker-events to memory and into a real Kafka, against faker by hand and one send per event: `events [events] [rounds]`
import { execFileSync } from 'node:child_process'
import { createRequire } from 'node:module'
import { faker } from '@faker-js/faker/locale/en'
import {
  acceleratedClock,
  defineEvents,
  kafka,
  memory,
  nameSource,
  run,
  scenarios,
  scheduled,
  steady,
} from '@mzalert/faker-events'
import { startKafka } from '@mzalert/stack/kafka'
import { median, table } from '../lib/statistics.mjs'
import { headline } from '../lib/summary.mjs'

const count = Number(process.argv[2] ?? 200_000)
const rounds = Number(process.argv[3] ?? 5)
const perSecond = 1000
const range = { from: 0, to: (count / perSecond) * 1000, clock: acceleratedClock(Number.POSITIVE_INFINITY) }
const topic = 'deployments'

const deployments = scenarios.deployments({ initialEvents: 0, spikeEvents: 0, eventsPerSecond: perSecond })
const draw = nameSource()
const decorated = defineEvents({
  name: 'decorated',
  streams: () => ({
    names: scheduled({
      schedule: steady({ perSecond: perSecond / 10 }),
      event: ({ random, index }) => ({
        key: String(index),
        value: Object.fromEntries(Array.from({ length: 10 }, (_, field) => [`field_${field}`, draw(random)])),
      }),
    }),
  }),
})

/** What one writes without a library: the same fields, an awaited send for each event. */
async function byHand(events, producer, make) {
  for (let index = 0; index < events; index++) {
    const value = JSON.stringify(make(index))
    await producer.send({ topic, messages: [{ key: String(index % 40), value }] })
  }
  return events
}

const tenNames = () =>
  Object.fromEntries(Array.from({ length: 10 }, (_, field) => [`field_${field}`, faker.person.fullName()]))
const deployment = index => ({
  customer_id: index % 40,
  customer_name: faker.person.fullName(),
  deployment_type: faker.helpers.arrayElement(['cloud', 'on_prem']),
  event_type: 'deployment_created',
  organization: faker.helpers.arrayElement(['A', 'B', 'C', 'D']),
  event_ts: Math.floor(Date.now() / 1000),
})

const kept = []
const nowhere = { send: async ({ messages }) => kept.push(...messages) }
const sent = async (scenario, sink) => (await run({ scenario, sink, ...range })).events

const broker = await startKafka()
const { Kafka, logLevel } = createRequire(import.meta.url)('kafkajs')
const client = new Kafka({ brokers: [broker.address], logLevel: logLevel.NOTHING })
const producer = client.producer({ allowAutoTopicCreation: false })
await broker.createTopic(topic, 3)
await producer.connect()

const ways = {
  'to memory, no faker field': () => sent(deployments, memory()),
  'to memory, ten names of faker': () => sent(decorated, memory()),
  'by hand: ten names of faker, a send each, to memory': () => byHand(count / 10, nowhere, tenNames),
  'into Kafka by kafkajs': () => sent(deployments, kafka({ producer, topic })),
  'by hand: a send each, into Kafka by kafkajs': () => byHand(count / 40, producer, deployment),
}

const rates = Object.fromEntries(Object.keys(ways).map(name => [name, []]))
try {
  for (let round = 0; round <= rounds; round++)
    for (const [name, way] of Object.entries(ways)) {
      kept.length = 0
      const start = performance.now()
      const events = await way()
      // The first round warms everything up.
      if (round > 0) rates[name].push((events / (performance.now() - start)) * 1000)
    }
} finally {
  await producer.disconnect()
  await broker.close()
}

console.log(
  `${count} events (a tenth with ten names), ${rounds} rounds, medians, Node ${process.versions.node}\n`,
)
console.log(
  table(
    ['way', 'events/s'],
    Object.entries(rates).map(([name, all]) => [name, String(Math.round(median(all)))]),
  ),
)

const rateOf = way => Math.round(median(rates[way])).toLocaleString('en-US')
headline('events a second into Kafka', rateOf('into Kafka by kafkajs'), {
  'by hand, a send for each': rateOf('by hand: a send each, into Kafka by kafkajs'),
})
headline('events a second with ten names each, to memory', rateOf('to memory, ten names of faker'), {
  'by hand with faker': rateOf('by hand: ten names of faker, a send each, to memory'),
})

/** Milliseconds and megabytes that a process of its own takes to start, with a module or without. */
function startOf(module) {
  const code = `${module ? `await import('${module}');` : ''}console.log(performance.now(), process.memoryUsage.rss() / 1e6)`
  const starts = Array.from({ length: rounds * 2 + 1 }, () =>
    execFileSync(process.execPath, ['--input-type=module', '-e', code], {
      cwd: import.meta.dirname,
      encoding: 'utf8',
    })
      .split(' ')
      .map(Number),
  )
  return [median(starts.map(([ms]) => ms)), median(starts.map(([, megabytes]) => megabytes))]
}
const [bareMs, bareMegabytes] = startOf()
const imports = ['@mzalert/faker-events', '@faker-js/faker/locale/en', '@faker-js/faker'].map(module => {
  const [ms, megabytes] = startOf(module)
  return [module, (ms - bareMs).toFixed(0), (megabytes - bareMegabytes).toFixed(0)]
})
console.log(`\n${table(['import', 'ms', 'MB'], imports)}`)
