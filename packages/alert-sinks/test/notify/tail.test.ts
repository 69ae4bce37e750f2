import { tail } from '@mzalert/tail-client'
import { messages, progress, type ScriptedClient, ScriptedServer, update } from '@mzalert/tail-client/testing'
import { afterEach, expect, test } from 'vitest'
import { type Notifier, notify } from '../../src/notify/notifier.js'
import { memoryStore } from '../../src/stores/memory.js'
import { TestSink } from '../support/sink.js'
import { until } from '../support/source.js'

interface OrganizationAlert {
  readonly org: string
}

let server: ScriptedServer
const running: Notifier[] = []
afterEach(async () => {
  for (const notifier of running.splice(0)) await notifier.close()
  await server.close()
})

/** A server that has no history: each connection begins with a snapshot, and then does what the script says. */
async function serve(...scripts: readonly ((client: ScriptedClient) => void)[]): Promise<void> {
  let snapshots = 0
  server = await ScriptedServer.start({
    columns: [{ name: 'org', oid: 25 }],
    copy: (client, statement) => {
      const lost = messages.error(
        'XX000',
        'Timestamp (2000) is not valid for all inputs: [Antichain { elements: [3000] }]',
      )
      if (statement.includes('AS OF')) return client.send(lost, messages.readyForQuery())
      client.send(messages.copyOut(4))
      scripts[snapshots++]?.(client)
    },
  })
}

function start(sink: TestSink, store = memoryStore()): Notifier {
  const source = tail<OrganizationAlert>('spikes', {
    connection: server.url,
    retry: { initialMs: 1, maxMs: 1 },
  })
  const notifier = notify(source, {
    name: 'spike',
    labels: { org: 'org', size: ({ org }) => org.length },
    sinks: [sink],
    store,
  })
  running.push(notifier)
  return notifier
}

test('S3: a connection that is lost and comes back tells nobody of what did not change, and everybody of what did', async () => {
  let lose = (): void => {}
  await serve(
    client => {
      client.send(progress(1000), update(1000, 1, 'A'), update(1000, 1, 'B'), progress(1001))
      client.send(update(2000, 1, 'C'), progress(2001))
      lose = () => client.reset()
    },
    client => {
      const rows = ['B', 'C', 'D'].map(org => update(3000, 1, org))
      client.send(progress(3000), ...rows, progress(3001))
    },
  )
  const sink = new TestSink()
  const notifier = start(sink)
  await until(() => sink.told.includes('C firing'))
  lose()
  await until(() => sink.told.includes('A resolved') && sink.told.includes('D firing'))
  expect(sink.told.slice(0, 3)).toEqual(['A firing', 'B firing', 'C firing'])
  expect(sink.told.slice(3).toSorted()).toEqual(['A resolved', 'D firing'])
  expect(
    notifier
      .inspect()
      .alerts.map(({ labels }) => labels['org'])
      .toSorted(),
  ).toEqual(['B', 'C', 'D'])
})

test('S3: a snapshot that breaks off half way resolves nothing', async () => {
  await serve(
    client => client.send(progress(1000), update(1000, 1, 'A'), update(1000, 1, 'B'), progress(1001)),
    client => {
      // B has not come yet.
      client.send(progress(2000), update(2000, 1, 'A'))
      setImmediate(() => client.reset())
    },
    client => client.send(progress(3000), update(3000, 1, 'A'), update(3000, 1, 'B'), progress(3001)),
  )
  const store = memoryStore()
  const first = new TestSink()
  const before = start(first, store)
  await until(() => first.told.length === 2)
  await before.close()
  const second = new TestSink()
  const after = start(second, store)
  await after.ready
  expect(second.told).toEqual([])
  expect(after.inspect().alerts).toHaveLength(2)
})
