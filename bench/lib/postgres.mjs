// A PostgreSQL of our own, from Debian's binaries, in a folder that goes away with it.
import { execFileSync, spawn } from 'node:child_process'
import { chownSync, existsSync, mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { freePort } from '@mzalert/stack/chain'
import pg from 'pg'

const home = '/usr/lib/postgresql'

/** The folder with `initdb` and `postgres`; says how to get it where it is absent. */
function binaries() {
  const versions = existsSync(home) ? readdirSync(home).sort((a, b) => Number(b) - Number(a)) : []
  const bin = versions
    .map(version => path.join(home, version, 'bin'))
    .find(each => existsSync(path.join(each, 'initdb')))
  if (!bin) throw new Error('PostgreSQL is not installed: apt-get install postgresql')
  return bin
}

/** Starts it; `url` connects as superuser, `close()` stops it and removes its data. */
export async function startPostgres() {
  const bin = binaries()
  const folder = mkdtempSync(path.join(tmpdir(), 'mzalert-postgres-'))
  // PostgreSQL refuses to run as root.
  const user = process.getuid() === 0 ? userIds('postgres') : {}
  if (user.uid) chownSync(folder, user.uid, user.gid)
  const data = path.join(folder, 'data')
  execFileSync(
    path.join(bin, 'initdb'),
    ['-D', data, '-U', 'postgres', '-A', 'trust', '--no-sync', '-E', 'UTF8', '--locale=C.UTF-8'],
    {
      ...user,
      cwd: folder,
      stdio: 'ignore',
    },
  )
  const port = await freePort()
  const settings = [
    'fsync=off',
    'listen_addresses=127.0.0.1',
    `unix_socket_directories=${folder}`,
    'shared_buffers=512MB',
    'synchronize_seqscans=off',
  ]
  const server = spawn(
    path.join(bin, 'postgres'),
    ['-D', data, '-p', String(port), ...settings.flatMap(setting => ['-c', setting])],
    { ...user, cwd: folder, stdio: 'ignore' },
  )
  const url = `postgres://postgres@127.0.0.1:${port}/postgres`
  const close = async () => {
    const ended = new Promise(resolve => server.once('exit', resolve))
    if (server.exitCode === null && server.kill('SIGINT')) await ended
    rmSync(folder, { recursive: true, force: true })
  }
  const deadline = performance.now() + 30_000
  for (;;) {
    const client = new pg.Client(url)
    const error = await client.connect().then(
      () => undefined,
      reason => reason,
    )
    await client.end().catch(() => {})
    if (!error) return { url, port, close }
    if (performance.now() > deadline || server.exitCode !== null) {
      await close()
      throw error
    }
    await new Promise(resolve => setTimeout(resolve, 50))
  }
}

function userIds(name) {
  const id = flag => Number(execFileSync('id', [flag, name], { encoding: 'utf8' }))
  return { uid: id('-u'), gid: id('-g') }
}
