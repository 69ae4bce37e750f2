/** The rows of the first table below a heading, cell by cell, without its head. */
export function tableBelow(page: string, heading: string): readonly (readonly string[])[] {
  const after = page.slice(page.search(new RegExp(`^#+ ${heading}$`, 'm')))
  const [table = ''] = /(?:^\|.*\n)+/m.exec(after) ?? []
  const rows = table.trimEnd().split('\n').map(cells)
  if (rows.length < 3) throw new Error(`no table below "${heading}"`)
  return rows.slice(2)
}

function cells(line: string): readonly string[] {
  return line
    .replace(/^\||\|$/g, '')
    .split(/(?<!\\)\|/)
    .map(cell => cell.trim())
}

/** A block of code with a language, and the line on which its code begins. */
export interface Block {
  readonly language: string
  readonly code: string
  readonly line: number
}

/** The fenced blocks of a page. */
export function blocks(page: string): readonly Block[] {
  return [...page.matchAll(/^```([\w-]+)\n([\s\S]*?)^```$/gm)].map(match => ({
    language: match[1] ?? '',
    code: match[2] ?? '',
    line: page.slice(0, match.index).split('\n').length + 1,
  }))
}

/** Everything that a page shows as code: in lines, in fenced blocks, and in blocks that are indented. */
export function codeOf(page: string): readonly string[] {
  const fenced = blocks(page).map(({ code }) => code)
  const rest = page.replace(/^```[\s\S]*?^```$/gm, '')
  const indented = rest.match(/^ {4}.+$/gm) ?? []
  // Line by line, too: a backtick that stands alone must not turn the rest of the page inside out.
  const lines = [rest, ...rest.split('\n')].flatMap(part => [...part.matchAll(/`([^`]+)`/g)])
  return [...fenced, ...indented, ...lines.map(([, code = '']) => code)]
}

/** The anchors that GitHub gives the headings of a page. */
export function anchors(page: string): readonly string[] {
  const headings = [...page.replace(/^```[\s\S]*?^```$/gm, '').matchAll(/^#+ (.+)$/gm)]
  return headings.map(([, heading = '']) =>
    heading
      .replace(/\[([^\]]*)\]\([^)]*\)/g, '$1')
      .toLowerCase()
      .replace(/[^\p{L}\p{N} _-]/gu, '')
      .replaceAll(' ', '-'),
  )
}
