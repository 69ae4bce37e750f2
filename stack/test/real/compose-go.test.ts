import { spawnSync } from 'node:child_process'
import { expect, test } from 'vitest'
import { stackFolder } from '../../src/paths.js'

const library = 'github.com/compose-spec/compose-go/v2/cmd@v2.16.2'
const hasGo = spawnSync('go', ['version']).status === 0
if (!hasGo) process.stderr.write('go is not installed: compose-go is not asked, and its tests are skipped\n')

/** The library of `docker compose config`; it needs Go, and the first time the module proxy. */
test.skipIf(!hasGo).each([
  [['compose.yaml'], ''],
  [['compose.yaml'], 'slack,console,load'],
  [['compose.yaml', 'compose.tail.yaml'], 'slack'],
])(
  'compose-go loads %j with profiles "%s"',
  (files, profiles) => {
    const { status, stdout, stderr } = spawnSync('go', ['run', library, '-format', 'json', ...files], {
      cwd: stackFolder,
      encoding: 'utf8',
      env: { ...process.env, COMPOSE_PROFILES: profiles },
    })
    expect(status, stderr).toBe(0)
    const { services } = JSON.parse(stdout) as { services: Record<string, { image: string }> }
    expect(Object.keys(services)).toContain('exporter')
    if (files.length > 1) expect(services['materialize']?.image).toContain(':v0.26.')
  },
  180_000,
)
