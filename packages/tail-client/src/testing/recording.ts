/** One message of a server; its type is the protocol's letter, and `EOF` the end of its side of the connection. */
export interface RecordedMessage {
  /** Milliseconds since the statement was sent. */
  readonly t: number
  readonly type: string
  /** The body, without letter and length. */
  readonly hex: string
}

/** What a server sent after one COPY, message by message. */
export interface Recording {
  /** What `mz_version()` says there. */
  readonly server?: string
  readonly query: string
  /** The relation's own columns. */
  readonly describe?: {
    readonly columns: readonly { readonly name: string; readonly oid: number }[]
  }
  readonly messages: readonly RecordedMessage[]
}

/** A line of what a `Recorder` writes: the head of a recording, or a message of it. */
export type RecordingLine =
  | ({ readonly recording: number } & Omit<Recording, 'messages'>)
  | ({ readonly recording: number } & RecordedMessage)

/**
 * Reads recordings: the NDJSON of a `Recorder`, in the order in which their statements were sent, or one JSON object. Throws a
 * `SyntaxError` for what is neither; a last line that broke off is left out.
 */
export function readRecordings(text: string): readonly Recording[] {
  const lines = text.split('\n').filter(line => line.trim() !== '')
  if (!lines[0]?.startsWith('{"recording":')) return [JSON.parse(text) as Recording]
  const found = new Map<number, Recording & { readonly messages: RecordedMessage[] }>()
  for (const [index, line] of lines.entries()) {
    const isLast = index === lines.length - 1
    if (isLast && !line.endsWith('}')) break
    const { recording, ...rest } = JSON.parse(line) as RecordingLine
    if ('query' in rest) found.set(recording, { ...rest, messages: [] })
    else found.get(recording)?.messages.push(rest)
  }
  return [...found.values()]
}

/** The bytes of a message as a server sends them: letter, length, body. */
export function recordedBytes({ type, hex }: RecordedMessage): Buffer {
  if (type === 'EOF') return Buffer.alloc(0)
  const body = Buffer.from(hex, 'hex')
  const head = Buffer.alloc(5)
  head.write(type, 'latin1')
  head.writeInt32BE(body.length + 4, 1)
  return Buffer.concat([head, body])
}
