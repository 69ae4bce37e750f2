import { once } from 'node:events'
import { type AddressInfo, createServer, type Socket } from 'node:net'

/** What a scripted server does instead of answering a statement as it should. */
export type Fault =
  | { readonly refuse: string; readonly message: string }
  /** The connection goes before anything is stored. */
  | 'cut'
  /** The connection goes after it is stored, before the answer. */
  | 'cut-before-answer'
  /** Nothing ever comes back. */
  | 'silent'
  /** Stores it, and says that it was one row less. */
  | 'miscount'

export interface TableServer {
  readonly url: string
  /** Rows by quoted table name, as the fields arrived. */
  readonly tables: Map<string, (string | null)[][]>
  /** Every statement, in order, of all connections. */
  readonly statements: readonly string[]
  readonly connections: () => number
  /** Cuts every connection that is open. */
  readonly cut: () => void
  readonly close: () => Promise<void>
}

/**
 * As much of a PostgreSQL server as loading tables takes: start-up, simple queries (BEGIN, COMMIT, ROLLBACK, DELETE,
 * SELECT of whole tables; others are only remembered) and COPY FROM STDIN in text format.
 */
export async function tableServer(
  fault: (statement: string) => Fault | undefined = () => undefined,
): Promise<TableServer> {
  const tables = new Map<string, (string | null)[][]>()
  const statements: string[] = []
  const sockets = new Set<Socket>()
  let connections = 0
  const server = createServer(socket => {
    connections++
    sockets.add(socket)
    socket.on('error', () => undefined)
    socket.on('close', () => sockets.delete(socket))
    serve(socket, tables, statement => {
      statements.push(statement)
      return fault(statement)
    })
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  const cut = (): void => {
    for (const socket of sockets) socket.destroy()
  }
  return {
    url: `postgres://someone:secret-word@127.0.0.1:${port}/db`,
    tables,
    statements,
    connections: () => connections,
    cut,
    close: async () => {
      cut()
      server.close()
      await once(server, 'close')
    },
  }
}

function serve(
  socket: Socket,
  tables: Map<string, (string | null)[][]>,
  arrive: (statement: string) => Fault | undefined,
): void {
  let started = false
  let copying: { readonly table: string; readonly fault: Fault | undefined; text: string } | undefined
  let saved: Map<string, (string | null)[][]> | undefined
  const ready = (): Buffer => message('Z', Buffer.from(saved ? 'T' : 'I'))
  const answer = (tag: string): boolean => socket.write(Buffer.concat([message('C', cstring(tag)), ready()]))
  const restore = (): void => {
    for (const [name, rows] of saved ?? []) tables.set(name, rows)
    saved = undefined
  }

  const query = (statement: string): void => {
    const fault = arrive(statement)
    const table = /(?:COPY|FROM) (("[^"]*"\.?)+)/.exec(statement)?.[1] ?? ''
    if (typeof fault === 'object')
      return void socket.write(Buffer.concat([refusal(fault.refuse, fault.message), ready()]))
    if (fault === 'cut') return void socket.destroy()
    if (fault === 'silent') return
    if (statement.startsWith('COPY')) {
      copying = { table, fault, text: '' }
      return void socket.write(message('G', Buffer.from([0, 0, 1, 0, 0])))
    }
    if (statement === 'BEGIN') saved = new Map([...tables].map(([name, rows]) => [name, [...rows]]))
    else if (statement === 'COMMIT') saved = undefined
    else if (statement === 'ROLLBACK') restore()
    else if (statement.startsWith('DELETE')) tables.set(table, [])
    else if (statement.startsWith('SELECT')) socket.write(contents(tables.get(table) ?? []))
    answer(statement.split(' ')[0] ?? '')
  }
  const copied = (): void => {
    const { table, fault, text } = copying ?? { table: '', fault: undefined, text: '' }
    copying = undefined
    const lines = text.split('\n').slice(0, -1)
    tables.set(table, [...(tables.get(table) ?? []), ...lines.map(line => line.split('\t').map(copyText))])
    if (fault === 'cut-before-answer') socket.destroy()
    else answer(`COPY ${fault === 'miscount' ? lines.length - 1 : lines.length}`)
  }

  let rest = Buffer.alloc(0)
  socket.on('close', restore)
  socket.on('data', chunk => {
    rest = Buffer.concat([rest, chunk])
    for (;;) {
      const head = started ? 1 : 0
      if (rest.length < head + 4 || rest.length < head + rest.readInt32BE(head)) return
      const type = started ? String.fromCharCode(rest[0] ?? 0) : 'startup'
      const body = rest.subarray(head + 4, head + rest.readInt32BE(head))
      rest = rest.subarray(head + 4 + body.length)
      if (type === 'startup') {
        started = true
        socket.write(Buffer.concat([message('R', Buffer.alloc(4)), ready()]))
      } else if (type === 'Q') query(body.toString('utf8', 0, body.length - 1))
      else if (type === 'd' && copying) copying.text += body.toString()
      else if (type === 'c') copied()
      else if (type === 'X') socket.end()
    }
  })
}

function message(type: string, body: Buffer): Buffer {
  const head = Buffer.alloc(5)
  head.write(type)
  head.writeInt32BE(body.length + 4, 1)
  return Buffer.concat([head, body])
}

function cstring(text: string): Buffer {
  return Buffer.from(`${text}\0`)
}

function refusal(sqlstate: string, text: string): Buffer {
  return message('E', Buffer.from(`SERROR\0VERROR\0C${sqlstate}\0M${text}\0\0`))
}

function int16(value: number): Buffer {
  const bytes = Buffer.alloc(2)
  bytes.writeInt16BE(value)
  return bytes
}

function int32(value: number): Buffer {
  const bytes = Buffer.alloc(4)
  bytes.writeInt32BE(value)
  return bytes
}

/** RowDescription (every column is text) and DataRows. */
function contents(rows: readonly (readonly (string | null)[])[]): Buffer {
  const width = rows[0]?.length ?? 1
  const column = (_: unknown, at: number): Buffer =>
    Buffer.concat([cstring(`c${at}`), int32(0), int16(0), int32(25), int16(-1), int32(-1), int16(0)])
  const field = (text: string | null): Buffer =>
    text === null ? int32(-1) : Buffer.concat([int32(Buffer.byteLength(text)), Buffer.from(text)])
  return Buffer.concat([
    message('T', Buffer.concat([int16(width), ...Array.from({ length: width }, column)])),
    ...rows.map(row => message('D', Buffer.concat([int16(width), ...row.map(field)]))),
  ])
}

const meanings: Readonly<Record<string, string>> = { b: '\b', f: '\f', n: '\n', r: '\r', t: '\t', v: '\v' }

/** One field of COPY's text format, read as the server reads it. */
export function copyText(field: string): string | null {
  return field === '\\N' ? null : field.replace(/\\(.)/gs, (_, letter: string) => meanings[letter] ?? letter)
}
