import { readFileSync } from 'node:fs'
import path from 'node:path'
import { root } from '../../lib/processes.mjs'

/** Where a reader meets the first program of each package. */
const pages = {
  'tail-client': 'README.md',
  'prom-bridge': 'README.md',
  'alert-sinks': 'README.md',
  'faker-events': 'packages/faker-events/README.md',
}

/** The first program that the documentation shows of each package, by its name. Throws if one has none. */
export function firstPrograms() {
  return Object.fromEntries(
    Object.entries(pages).map(([name, page]) => {
      // Up to the next package or heading: what is shown there is not of this one.
      const program = new RegExp(
        `^(?:\\*\\*\\[|# )@mzalert/${name}\\b(?:(?!^\\*\\*\\[|^## )[^])*?^\`\`\`ts\\n([^]*?)^\`\`\``,
        'm',
      )
      const [, code] = program.exec(readFileSync(path.join(root, page), 'utf8')) ?? []
      if (code === undefined) throw new Error(`${page} has no program for ${name}`)
      return [name, code]
    }),
  )
}
