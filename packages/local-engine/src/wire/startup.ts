import { ByteReader, ByteWriter } from './bytes.js'

/** What the first message of a connection asks for. */
export type Opening =
  | { readonly kind: 'encryption' }
  | { readonly kind: 'cancel'; readonly pid: number; readonly secret: number }
  | { readonly kind: 'startup'; readonly parameters: ReadonlyMap<string, string> }
  | { readonly kind: 'unsupported'; readonly version: number }

// https://www.postgresql.org/docs/current/protocol-message-formats.html
const cancelRequestCode = 80877102
const sslRequest = 80877103
const gssEncRequest = 80877104

export function readOpening(body: Buffer): Opening {
  const reader = new ByteReader(body)
  const version = reader.int32()
  if (version === sslRequest || version === gssEncRequest) return { kind: 'encryption' }
  if (version === cancelRequestCode) return { kind: 'cancel', pid: reader.int32(), secret: reader.int32() }
  if (version >>> 16 !== 3) return { kind: 'unsupported', version }
  const parameters = new Map<string, string>()
  while (reader.remaining > 1) {
    const name = reader.cstring()
    if (name === '') break
    parameters.set(name, reader.cstring())
  }
  return { kind: 'startup', parameters }
}

/** Asks a server to cancel what runs in the session that has this key. */
export function cancelRequest(pid: number, secret: number): Buffer {
  return new ByteWriter(16).int32(16).int32(cancelRequestCode).int32(pid).int32(secret).take()
}
