import { createHash } from 'node:crypto'
import { mkdtemp, rm, symlink } from 'node:fs/promises'
import { connect, createServer, type Server } from 'node:net'
import { tmpdir } from 'node:os'
import { basename, dirname, join } from 'node:path'

/** What the path of a socket may have, in bytes, on every system: 104 with the zero at its end on some. */
const longestPathBytes = 100

/**
 * Makes sure that nobody else has this folder, for as long as this process lives: two databases in one would break it.
 * A socket beside it is held, not a file with a number in it: whoever is killed holds nothing any more, whatever number
 * comes next. `folder` is its real path; what it is in must be there. Rejects if someone has it.
 */
export async function lock(folder: string): Promise<void> {
  const path = `${folder}.lock`
  if (process.platform === 'win32') {
    const name = createHash('sha256').update(folder.toLowerCase()).digest('hex').slice(0, 24)
    await hold(`\\\\.\\pipe\\mzalert-${name}`, folder)
  } else if (Buffer.byteLength(path) <= longestPathBytes) await hold(path, folder)
  else await throughLink(dirname(path), link => hold(join(link, basename(path)), folder))
}

async function hold(path: string, folder: string): Promise<void> {
  const held = (await listen(path)) ?? (await inherit(path))
  if (held === undefined) throw new Error(`${folder} is in use by another engine`)
}

/** Takes over from whoever was killed; undefined if someone lives who has it, or is just taking it over. */
async function inherit(path: string): Promise<Server | undefined> {
  if (await answers(path)) return undefined
  // One at a time: two would each take away what the other has just put there.
  const turn = (await listen(`${path}~`)) ?? (await replace(`${path}~`))
  try {
    return turn === undefined ? undefined : await replace(path)
  } finally {
    turn?.close()
  }
}

/** Listens in place of whoever was killed; undefined if someone lives there. */
async function replace(path: string): Promise<Server | undefined> {
  if (await answers(path)) return undefined
  await rm(path, { force: true })
  return listen(path)
}

/** The same folder by a path that is short. */
async function throughLink(folder: string, use: (link: string) => Promise<void>): Promise<void> {
  const temporary = await mkdtemp(join(tmpdir(), 'mzalert-'))
  try {
    const link = join(temporary, 'd')
    await symlink(folder, link)
    await use(link)
  } finally {
    await rm(temporary, { recursive: true })
  }
}

/** Listens, which keeps no process alive; undefined if that is taken. */
function listen(path: string): Promise<Server | undefined> {
  return new Promise((resolve, reject) => {
    const server = createServer(socket => socket.destroy())
    // Again later, without an effect, for a connection that cannot be accepted: nobody listening would end the thread.
    server.on('error', thrown => {
      if ('code' in thrown && thrown.code === 'EADDRINUSE') resolve(undefined)
      else reject(thrown)
    })
    server.listen(path, () => resolve(server))
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
