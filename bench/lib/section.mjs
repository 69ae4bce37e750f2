import { readFileSync, writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

/** Puts Markdown between the marks of its name in bench/README.md. */
export function replaceSection(section, markdown) {
  const file = fileURLToPath(new URL('../README.md', import.meta.url))
  const text = readFileSync(file, 'utf8')
  const marks = new RegExp(`(<!-- ${section} -->\n)[\\s\\S]*?(<!-- /${section} -->)`)
  if (!marks.test(text)) throw new Error(`bench/README.md has no section for ${section}: add its two marks`)
  writeFileSync(
    file,
    text.replace(marks, (_, start, end) => `${start}\n${markdown.trim()}\n\n${end}`),
  )
}
