import { spawnSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'

const stack = fileURLToPath(new URL('../../', import.meta.url))

test.each([
  ['promtool', 'check', 'config', 'prometheus/prometheus.yml'],
  ['promtool', 'test', 'rules', 'prometheus/rules.test.yml'],
  ['amtool', 'check-config', 'alertmanager/alertmanager.yml'],
])('%s %s %s accepts what the stack is configured with', (program, ...args) => {
  const { status, error, stdout, stderr } = spawnSync(program, args, { cwd: stack, encoding: 'utf8' })
  expect(error).toBeUndefined()
  expect(status, stdout + stderr).toBe(0)
})
