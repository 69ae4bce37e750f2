/** JSON as the server wrote it, whose numbers no JavaScript has rounded. */
export class JsonText {
  readonly text: string

  constructor(text: string) {
    this.text = text
  }
}

/**
 * A value as JSON in one line. Strings for what JSON has no number for: integers of 64 bits, NaN and the infinities. Bytes as the server
 * writes them, `\x…`; properties that are undefined are left out.
 */
export function jsonOf(value: unknown): string {
  if (typeof value === 'bigint') return `"${value}"`
  if (typeof value === 'number' && !Number.isFinite(value)) return `"${value}"`
  if (typeof value !== 'object' || value === null) return JSON.stringify(value) ?? 'null'
  // Line feeds inside of strings are escaped: these are between them.
  if (value instanceof JsonText) return value.text.replaceAll('\n', ' ')
  if (value instanceof Uint8Array) return JSON.stringify(`\\x${Buffer.from(value).toString('hex')}`)
  if (Array.isArray(value)) return `[${value.map(jsonOf).join(',')}]`
  const members: string[] = []
  for (const [name, each] of Object.entries(value))
    if (each !== undefined) members.push(`${JSON.stringify(name)}:${jsonOf(each)}`)
  return `{${members.join(',')}}`
}
