import { execFileSync, spawn } from 'node:child_process'
import { appendFileSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import path from 'node:path'
import pg from 'pg'

const programs = '/usr/lib/postgresql/15/bin'

export interface PostgresOptions {
  /** PEM texts: the server speaks TLS, and lets the user `app` in by TLS and password only. */
  readonly tls?: { readonly key: string; readonly cert: string }
}

export interface Postgres {
  /** Of a user who needs neither TLS nor password. */
  readonly url: string
  readonly port: number
  close(): Promise<void>
}

/** A PostgreSQL of the test's own; `close` ends it and removes its data. */
export async function startPostgres({ tls }: PostgresOptions = {}): Promise<Postgres> {
  const folder = mkdtempSync(path.join(tmpdir(), 'tail-client-postgres-'))
  const data = path.join(folder, 'data')
  // PostgreSQL refuses to run as root.
  const asUser = process.getuid?.() === 0 ? ['runuser', '-u', 'postgres', '--'] : []
  if (asUser.length > 0) execFileSync('chown', ['postgres', folder])
  const run = (command: readonly string[]): readonly [string, string[]] => {
    const [program = '', ...words] = [...asUser, ...command]
    return [program, words]
  }
  execFileSync(...run([`${programs}/initdb`, '-D', data, '-U', 'test', '-A', 'trust', '--no-sync']))
  const port = await freePort()
  if (tls) {
    for (const [name, text] of Object.entries({ 'server.key': tls.key, 'server.crt': tls.cert })) {
      const file = path.join(data, name)
      writeFileSync(file, text, { mode: 0o600 })
      if (asUser.length > 0) execFileSync('chown', ['postgres', file])
    }
    appendFileSync(path.join(data, 'postgresql.conf'), 'ssl = on\n')
    const rules = path.join(data, 'pg_hba.conf')
    const others = readFileSync(rules, 'utf8')
    writeFileSync(rules, `hostssl all app all scram-sha-256\nhostnossl all app all reject\n${others}`)
  }
  const server = spawn(
    ...run([`${programs}/postgres`, '-D', data, '-p', String(port), '-k', folder, '-h', '127.0.0.1']),
    { stdio: 'ignore', cwd: folder },
  )
  const ended = new Promise(resolve => server.once('close', resolve))
  const url = `postgres://test@127.0.0.1:${port}/postgres`
  const deadline = performance.now() + 30_000
  for (;;) {
    const client = new pg.Client(url)
    client.on('error', () => {})
    const isUp = await client.connect().then(
      () => true,
      () => false,
    )
    await client.end().catch(() => {})
    if (isUp) break
    if (performance.now() > deadline) throw new Error('PostgreSQL did not start')
    await new Promise(resolve => setTimeout(resolve, 50))
  }
  return {
    url,
    port,
    close: async () => {
      // runuser forwards SIGTERM, which is not an immediate end but waits for clients; they are gone by now.
      server.kill('SIGTERM')
      await ended
      rmSync(folder, { recursive: true, force: true })
    },
  }
}

function freePort(): Promise<number> {
  return new Promise(resolve => {
    const server = createServer().listen(0, '127.0.0.1', () => {
      const address = server.address()
      server.close(() => resolve(typeof address === 'object' && address ? address.port : 0))
    })
  })
}
