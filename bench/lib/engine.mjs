// What the measurements of the engine share: its process, and waiting.
import { fork } from 'node:child_process'
import { fileURLToPath } from 'node:url'

/** Starts an engine in a process of its own; `samples` fills with what it says of itself each second. */
export async function engineProcess(options = {}) {
  const child = fork(fileURLToPath(new URL('engine-child.mjs', import.meta.url)), [JSON.stringify(options)])
  const samples = []
  const ended = new Promise(resolve => child.once('exit', resolve))
  const url = await new Promise((resolve, reject) => {
    ended.then(code => reject(new Error(`the engine ended with code ${code}`)))
    child.on('message', message => {
      if (message.url) resolve(message.url)
      else samples.push({ ...message, atMs: performance.now() })
    })
  })
  const close = async () => {
    child.disconnect()
    await ended
  }
  return { url, samples, ended, close }
}

export const sleep = ms => new Promise(resolve => setTimeout(resolve, ms))
