/** Builders of backend messages, named as in the protocol's documentation. */

export const messages = {
  authenticationOk: (): Buffer => message('R', int32(0)),
  /** Asks for the password in clear text. */
  passwordRequest: (): Buffer => message('R', int32(3)),
  parameterStatus: (name: string, value: string): Buffer => message('S', text(name), text(value)),
  backendKeyData: (processId: number, secret: number): Buffer =>
    message('K', int32(processId), int32(secret)),
  readyForQuery: (): Buffer => message('Z', Buffer.from('I')),
  parseComplete: (): Buffer => message('1'),
  parameterDescription: (): Buffer => message('t', int16(0)),
  rowDescription: (columns: readonly { readonly name: string; readonly oid: number }[]): Buffer =>
    message(
      'T',
      int16(columns.length),
      ...columns.map(({ name, oid }) =>
        Buffer.concat([text(name), int32(0), int16(0), int32(oid), int16(-1), int32(-1), int16(0)]),
      ),
    ),
  dataRow: (values: readonly string[]): Buffer =>
    message(
      'D',
      int16(values.length),
      ...values.map(value => Buffer.concat([int32(Buffer.byteLength(value)), Buffer.from(value)])),
    ),
  copyOut: (columnCount: number): Buffer =>
    message('H', Buffer.from([0]), int16(columnCount), Buffer.alloc(columnCount * 2)),
  copyData: (payload: string | Buffer): Buffer => message('d', Buffer.from(payload)),
  copyDone: (): Buffer => message('c'),
  commandComplete: (tag: string): Buffer => message('C', text(tag)),
  error: (sqlState: string, words: string, severity: string = 'ERROR'): Buffer =>
    message('E', ...fields(severity, sqlState, words)),
  notice: (words: string): Buffer => message('N', ...fields('NOTICE', '00000', words)),
  /** A message that no server sends. */
  unknown: (): Buffer => message('?', Buffer.from('what')),
} as const

/** A progress row for a relation of `columns` columns. */
export function progress(timestamp: number | bigint, columns = 1): Buffer {
  return messages.copyData(`${timestamp}\tt${'\t\\N'.repeat(columns + 1)}\n`)
}

/** An update; `raw` is COPY text. */
export function update(timestamp: number | bigint, diff: number, raw: string): Buffer {
  return messages.copyData(`${timestamp}\tf\t${diff}\t${raw}\n`)
}

/** A value as Materialize writes it into a COPY text field; null is `\N`. */
export function escapeField(value: string | null): string {
  const names: Record<string, string> = { '\\': '\\\\', '\n': '\\n', '\r': '\\r', '\t': '\\t' }
  return value === null ? '\\N' : value.replace(/[\\\n\r\t]/g, char => names[char] ?? char)
}

function message(type: string, ...body: readonly Buffer[]): Buffer {
  return Buffer.concat([
    Buffer.from(type),
    int32(4 + body.reduce((sum, part) => sum + part.length, 0)),
    ...body,
  ])
}

function fields(severity: string, sqlState: string, words: string): readonly Buffer[] {
  return [text(`S${severity}`), text(`C${sqlState}`), text(`M${words}`), Buffer.from([0])]
}

function text(value: string): Buffer {
  return Buffer.from(`${value}\0`)
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
