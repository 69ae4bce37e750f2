import { readdirSync } from 'node:fs'
import path from 'node:path'
import { expect, test } from 'vitest'
import { root, text } from './support/repository.js'

const benches = readdirSync(path.join(root, 'bench'), { withFileTypes: true })
  .filter(
    entry => entry.isDirectory() && readdirSync(path.join(root, 'bench', entry.name)).includes('run.mjs'),
  )
  .map(({ name }) => name)

test.each(benches)('what %s measures has a section, and a headline', name => {
  expect(text('bench/README.md')).toContain(`<!-- ${name} -->\n`)
  expect(text('bench/README.md')).toContain(`<!-- /${name} -->`)
  const files = readdirSync(path.join(root, 'bench', name)).map(file => text(`bench/${name}/${file}`))
  expect(files.some(file => /^\s*headline\(/m.test(file))).toBe(true)
})

test('the table in the README is that of the headlines of all runs', () => {
  const headlines = [...text('bench/README.md').matchAll(/^<!-- headline (.*) -->$/gm)].map(
    ([, cells]) => `${cells} |`,
  )
  const [, table = ''] = /<!-- measured -->\n([\s\S]*?)<!-- \/measured -->/.exec(text('README.md')) ?? []
  const rows = table.trim().split('\n').slice(2)
  expect(rows).toEqual(headlines)
})
