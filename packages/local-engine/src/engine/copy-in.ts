import { message } from '../wire/backend.js'
import { ByteReader, joinOwned } from '../wire/bytes.js'
import { type Failure, failure } from '../wire/failure.js'
import type { Frame } from '../wire/frames.js'
import { copyDone, query } from '../wire/frontend.js'

/** What a client sent between CopyInResponse and its end: one buffer of frontend messages, or why there is none. */
export type Gathered =
  | { readonly kind: 'data'; readonly messages: readonly Uint8Array[] }
  | { readonly kind: 'failed'; readonly failure: Failure }
  | { readonly kind: 'gone' }

// Signature, flags, no extension, and the trailer: binary data with no rows in it.
// https://www.postgresql.org/docs/current/sql-copy.html (Binary Format)
const emptyBinary: Buffer = Buffer.from('PGCOPY\n\xff\r\n\0\0\0\0\0\0\0\0\0\xff\xff', 'latin1')

/**
 * A load of no rows. PostgreSQL answers it with the CopyInResponse that the client has to see, or with the error
 * of a statement that cannot be loaded at all; nothing else happens.
 */
export function probe(sql: string, binary: boolean): Uint8Array[] {
  const data = binary ? [message('d', body => body.bytes(emptyBinary))] : []
  return [query(sql), ...data, copyDone]
}

/**
 * Gathers what the client sends, up to a bound. It cannot be passed on piece by piece: PGlite's backend ends
 * when it has to wait for data in the middle of a statement.
 */
export async function gather(
  sql: string,
  maxBytes: number,
  next: () => Promise<Frame | undefined>,
): Promise<Gathered> {
  const chunks: Buffer[] = []
  let bytes = 0
  for (;;) {
    const frame = await next()
    if (frame === undefined) return { kind: 'gone' }
    if (frame.type === 'c') break
    if (frame.type === 'f') {
      const reason = new ByteReader(frame.body).cstring()
      return { kind: 'failed', failure: failure('57014', `COPY from stdin failed: ${reason}`) }
    }
    if (frame.type === 'd') {
      bytes += frame.body.length
      if (bytes > maxBytes) return { kind: 'failed', failure: tooLarge(maxBytes) }
      chunks.push(frame.body)
    } else if (frame.type !== 'H' && frame.type !== 'S') {
      const what = `unexpected message type "${frame.type}" during COPY from stdin`
      return { kind: 'failed', failure: failure('08P01', what) }
    }
  }
  const data = joinOwned(chunks)
  return { kind: 'data', messages: [query(sql), ...(data.length > 0 ? dataMessages(data) : []), copyDone] }
}

/** The head of one CopyData and its body, unjoined: the body may be large. */
function dataMessages(data: Buffer): Uint8Array[] {
  const head = Buffer.alloc(5)
  head.write('d', 'latin1')
  head.writeInt32BE(4 + data.length, 1)
  return [head, data]
}

function tooLarge(maxBytes: number): Failure {
  const message = `COPY from stdin is larger than ${maxBytes} bytes`
  return failure('53200', message, {
    hint: 'It is gathered before it is loaded. Load it in parts, or start the engine with a greater maxCopyInBytes.',
  })
}
