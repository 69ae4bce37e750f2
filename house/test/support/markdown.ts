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
