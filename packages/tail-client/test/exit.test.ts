import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { expect, onTestFinished, test } from 'vitest'
import { progress, update } from '../src/testing/messages.js'
import { accepted, serve } from './support/serve.js'

const library = new URL('../dist/index.js', import.meta.url).href
const folder = fileURLToPath(new URL('.', import.meta.url))

/** Tails until the first update, in a process of its own, which must end by itself. */
async function program(url: string, body: string): Promise<{ code: number | null; output: string }> {
  const source = `import { tail } from ${JSON.stringify(library)}; const url = ${JSON.stringify(url)}; ${body}`
  const child = spawn(process.execPath, ['--input-type=module', '-e', source], { cwd: folder })
  onTestFinished(() => void child.kill())
  let output = ''
  child.stdout.on('data', chunk => {
    output += chunk
  })
  child.stderr.on('data', chunk => {
    output += chunk
  })
  const [code] = (await once(child, 'exit')) as [number | null]
  return { code, output }
}

test('T10: after the loop nothing keeps the process alive, even if nobody answers the request to stop', async () => {
  const { server } = await serve({
    copy: client => client.send(accepted, progress(1), update(1, 1, 'a'), progress(2)),
    cancel: client => client.socket.pause(),
  })
  const loops = {
    break: 'for await (const { row } of tail("v", { connection: url })) { console.log(row.a); break }',
    close:
      'const stream = tail("v", { connection: url }); for await (const { row } of stream) { console.log(row.a); await stream.close() }',
    dispose:
      'const stream = tail("v", { connection: url }); for await (const { row } of stream) { console.log(row.a); break } await stream[Symbol.asyncDispose]()',
    abort:
      'const stop = new AbortController(); try { for await (const { row } of tail("v", { connection: url, signal: stop.signal })) { console.log(row.a); stop.abort() } } catch (error) { if (error.name !== "AbortError") throw error }',
  }
  for (const body of Object.values(loops))
    expect(await program(server.url, body)).toEqual({ code: 0, output: 'a\n' })
})

test('T10: nobody is told of a tail that nobody listens to, and an error that nobody catches is the one it ended with', async () => {
  const { server } = await serve({ copy: client => client.reset() })
  const { code, output } = await program(
    server.url,
    'tail("v", { connection: url, retry: false }).collection(); tail("v", { connection: url, retry: false }); for await (const _ of tail("v", { connection: url, retry: false })) {}',
  )
  expect(code).toBe(1)
  expect(output).toContain('[CONNECTION_LOST]')
})
