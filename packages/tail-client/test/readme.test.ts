import { readFile, rm, writeFile } from 'node:fs/promises'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'
import { startEngine } from './support/engine.js'
import { cacheDir, run } from './support/program.js'
import { until } from './support/serve.js'

const packageFolder = fileURLToPath(new URL('..', import.meta.url))

test('the first example runs as it stands, with its types taken away and its URL', async () => {
  await using engine = await startEngine({ cacheDir })
  await engine.execute(`
    CREATE TABLE organization_alert (alert_cond text, labels text);
    INSERT INTO organization_alert VALUES ('fast', 'acme')`)
  const readme = await readFile(path.join(packageFolder, 'README.md'), 'utf8')
  const [, first = ''] = /```ts\n([\s\S]*?)```/.exec(readme) ?? []
  const program = first
    .replace(/interface [\s\S]*?\n\}\n/, '')
    .replace('<OrganizationAlert>', '')
    .replace('postgres://materialize@localhost:6875/materialize', engine.url)
  const file = path.join(packageFolder, 'test', `.example-${process.pid}.mjs`)
  await writeFile(file, program)
  try {
    const { child, ended, output, errors } = run([file], [process.execPath])
    await until(() => output().includes('\n') || errors() !== '')
    await engine.execute('DELETE FROM organization_alert')
    await until(() => output().split('\n').length > 2 || errors() !== '')
    child.kill()
    await ended
    expect(errors()).toBe('')
    expect(output()).toMatch(/^fires acme \d+n\nresolves acme \d+n\n$/)
  } finally {
    await rm(file)
  }
})
