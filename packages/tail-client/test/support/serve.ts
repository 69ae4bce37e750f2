import { inspect } from 'node:util'
import { afterEach } from 'vitest'
import { TailError, type TailOptions } from '../../src/index.js'
import { messages } from '../../src/testing/messages.js'
import { type Script, ScriptedServer } from '../../src/testing/server.js'
import type { Batch } from '../../src/types/batch.js'

const servers: ScriptedServer[] = []

afterEach(async () => {
  await Promise.all(servers.splice(0).map(server => server.close()))
})

/** CopyOutResponse for a relation of one column. */
export const accepted: Buffer = messages.copyOut(4)

/** Starts a scripted server of the newer generation, closed after the test, and options that connect to it. */
export async function serve(script: Script): Promise<{ server: ScriptedServer; options: TailOptions }> {
  const server = await ScriptedServer.start(
    'version' in script ? script : { ...script, version: 'v0.147.0-dev (000000000)' },
  )
  servers.push(server)
  return { server, options: { connection: server.url, retry: { initialMs: 1, maxMs: 5 } } }
}

/** Takes batches until `enough` says so, then breaks out of the loop. */
export async function collect<B extends Batch<unknown>>(
  batches: AsyncIterable<B>,
  enough: (taken: readonly B[]) => boolean,
): Promise<B[]> {
  const taken: B[] = []
  for await (const batch of batches) {
    taken.push(batch)
    if (enough(taken)) break
  }
  return taken
}

/** The `TailError` that a promise must reject with. */
export async function failureOf(promise: Promise<unknown>): Promise<TailError> {
  const error = await promise.then(
    () => undefined,
    (reason: unknown) => reason,
  )
  if (!TailError.is(error)) throw new Error(`expected a TailError, not ${inspect(error)}`)
  return error
}

/** Waits for a condition, turn by turn, with a generous deadline. */
export async function until(condition: () => boolean): Promise<void> {
  const deadline = performance.now() + 20_000
  while (!condition()) {
    if (performance.now() > deadline) throw new Error(`never became true: ${condition}`)
    await new Promise(resolve => setImmediate(resolve))
  }
}
