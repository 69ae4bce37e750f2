/** The size of a terminal, in characters. */
export interface Size {
  readonly columns: number
  readonly rows: number
}

export interface Table {
  readonly names: readonly string[]
  readonly rows: readonly Readonly<Record<string, unknown>>[]
  /** How many rows there are, also those that are not given. */
  readonly count: number
  readonly status: string
}

const gap = '  '

/** The lines of a table that fits a terminal: names, as many rows as there is room for, and a line that says where the stream is. */
export function tableLines({ names, rows, count, status }: Table, size: Size): readonly string[] {
  const room = Math.max(1, size.rows - 3)
  const shown = rows.slice(0, count > room ? room - 1 : room)
  const cells = [names.map(printable), ...shown.map(row => names.map(name => printable(textOf(row[name]))))]
  const widths = names.map((_, at) => Math.max(...cells.map(row => widthOf(row[at] ?? ''))))
  const lines = cells.map(row =>
    row
      .map((cell, at) => pad(cell, widths[at] ?? 0))
      .join(gap)
      .trimEnd(),
  )
  const rule = widths.map(width => '─'.repeat(width)).join(gap)
  const more = count > shown.length ? [`… and ${count - shown.length} more`] : []
  const [head = '', ...body] = lines
  return [head, rule, ...body, ...more, printable(status)].map(line => cut(line, size.columns))
}

function textOf(value: unknown): string {
  if (value === null || value === undefined) return 'NULL'
  if (typeof value !== 'object') return String(value)
  if (value instanceof Uint8Array) return `\\x${Buffer.from(value).toString('hex')}`
  return JSON.stringify(value, (_, each: unknown) => (typeof each === 'bigint' ? String(each) : each))
}

/** Data must not steer the terminal: control characters are shown as the pictures that Unicode has for them. */
function printable(text: string): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for.
  return text.replace(/[\u0000-\u001f\u007f-\u009f\u200e\u200f\u2028-\u202e\u2066-\u2069]/g, char => {
    const code = char.charCodeAt(0)
    return code < 0x20 ? String.fromCharCode(0x2400 + code) : code === 0x7f ? '␡' : '\ufffd'
  })
}

/** How many columns a character takes: two for those of East Asia and emoji, none for marks that combine. */
function charWidth(char: string): number {
  if (/\p{Mn}|\p{Me}|\u200d|\ufe0f/u.test(char)) return 0
  return /[\u1100-\u115f\u2e80-\ua4cf\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff00-\uff60\uffe0-\uffe6]|\p{Emoji_Presentation}|[\u{20000}-\u{3fffd}]/u.test(
    char,
  )
    ? 2
    : 1
}

function widthOf(text: string): number {
  let width = 0
  for (const char of text) width += charWidth(char)
  return width
}

function pad(text: string, width: number): string {
  return text + ' '.repeat(Math.max(0, width - widthOf(text)))
}

function cut(text: string, width: number): string {
  if (widthOf(text) <= width) return text
  let taken = ''
  let used = 0
  for (const char of text) {
    used += charWidth(char)
    if (used > width - 1) break
    taken += char
  }
  return `${taken}…`
}
