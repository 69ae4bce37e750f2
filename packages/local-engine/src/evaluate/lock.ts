import { createHash } from 'node:crypto'
import { rm } from 'node:fs/promises'
import { connect, createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'

/**
 * Makes sure that nobody else has this folder, for as long as this process lives: two databases in one would break it.
 * A socket is held, not a file with a number in it: whoever is killed holds nothing any more, whatever number comes next.
 * Rejects if someone has it.
 */
export async function lock(folder: string): Promise<void> {
  const name = `mzalert-${createHash('sha256').update(resolve(folder)).digest('hex').slice(0, 24)}`
  const path = process.platform === 'win32' ? `\\\\.\\pipe\\${name}` : join(tmpdir(), `${name}.lock`)
  if (await listens(path)) return
  if (await answers(path)) throw new Error(`${folder} is in use by another engine`)
  await rm(path, { force: true })
  if (!(await listens(path))) throw new Error(`${folder} is in use by another engine`)
}

/** Whether it could be listened on. It then is, and keeps no process alive. */
function listens(path: string): Promise<boolean> {
  return new Promise((resolve, reject) => {
    const server = createServer(socket => socket.destroy())
    server.once('error', thrown => {
      if ('code' in thrown && thrown.code === 'EADDRINUSE') resolve(false)
      else reject(thrown)
    })
    server.listen(path, () => resolve(true))
    server.unref()
  })
}

/** Whether someone lives who listens on it. */
function answers(path: string): Promise<boolean> {
  return new Promise(resolve => {
    const socket = connect(path, () => {
      socket.destroy()
      resolve(true)
    })
    socket.once('error', () => resolve(false))
  })
}
