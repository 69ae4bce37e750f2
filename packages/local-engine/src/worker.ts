import { parentPort, workerData } from 'node:worker_threads'
import { reasonOf } from './errors.js'
import type { Backend } from './evaluate/backend.js'
import type { Call, Reply, WorkerData } from './evaluate/calls.js'
import { LocalBackend } from './evaluate/local-backend.js'
import { PostgresBackend } from './evaluate/postgres-backend.js'

/** The thread's side: one call after the other, in the order in which they came. */
async function serve(): Promise<void> {
  const port = parentPort
  if (port === null) return
  const post = (reply: Reply, transfer: readonly ArrayBuffer[] = []): void =>
    port.postMessage(reply, transfer)
  try {
    const options: WorkerData = workerData
    const { backend, ready } =
      options.postgres === undefined
        ? await LocalBackend.start(options)
        : await PostgresBackend.start(options.postgres, options)
    let turn: Promise<void> = Promise.resolve()
    port.on('message', (call: Call) => {
      // SQL that fails is an answer. What throws is a fault of the database, after which nothing it says can be
      // trusted: the rejection is not handled, and ends the thread.
      turn = turn.then(async () => {
        const result = await answer(backend, call)
        post({ kind: 'answer', id: call.id, result }, transferable(result))
      })
    })
    post({ kind: 'ready', ready })
  } catch (thrown) {
    post({ kind: 'failed', reason: reasonOf(thrown) })
  }
}

function answer(backend: Backend, call: Call): Promise<unknown> {
  switch (call.method) {
    case 'run':
      return backend.run(...call.parameters)
    case 'plan':
      return backend.plan(...call.parameters)
    case 'evaluate':
      return backend.evaluate(...call.parameters)
    case 'forget':
      return backend.forget(...call.parameters)
    case 'upkeep':
      return backend.upkeep(...call.parameters)
  }
}

/** An answer of messages is handed over, not copied: it may be many megabytes. */
function transferable(result: unknown): ArrayBuffer[] {
  if (typeof result !== 'object' || result === null || !('answer' in result)) return []
  const { answer: bytes } = result
  return bytes instanceof Uint8Array && bytes.buffer instanceof ArrayBuffer ? [bytes.buffer] : []
}

void serve()
