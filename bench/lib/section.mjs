import { readFileSync, writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

const here = fileURLToPath(new URL('../README.md', import.meta.url))

/** Puts Markdown between the marks of its name in bench/README.md, or another page. */
export function replaceSection(section, markdown, file = here) {
  requireSection(section, file)
  const text = readFileSync(file, 'utf8')
  writeFileSync(
    file,
    text.replace(marks(section), (_, start, end) => `${start}\n${markdown.trim()}\n\n${end}`),
  )
}

/** Throws if there is nowhere to put a section: before anything is measured, not after. */
export function requireSection(section, file = here) {
  if (!marks(section).test(readFileSync(file, 'utf8')))
    throw new Error(`${file} has no section for ${section}: add its two marks`)
}

function marks(section) {
  return new RegExp(`(<!-- ${section} -->\n)[\\s\\S]*?(<!-- /${section} -->)`)
}
