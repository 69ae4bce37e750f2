// Runs the tests of packages whose tests are about bytes, sockets and timers on the later releases of Node, too: everything else runs on
// the oldest one. Arguments choose other files.
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { Counted, quietly } from '../lib/counted.mjs'
import { laterNodes } from '../lib/nodes.mjs'
import { root } from '../lib/processes.mjs'
import { ensureInstalled } from '../lib/toolchain.mjs'

const which =
  process.argv.length > 2
    ? process.argv.slice(2)
    : ['packages/tail-client/', 'packages/alert-sinks/', 'packages/prom-bridge/']
const counted = new Counted()
await ensureInstalled()
const folder = mkdtempSync(path.join(tmpdir(), 'mzalert-nodes-'))
const vitest = path.join(root, 'house', 'node_modules', 'vitest', 'vitest.mjs')
try {
  for (const [label, node] of await laterNodes(counted, folder))
    await counted.check(`the tests of ${which.join(', ')} on ${label}`, () =>
      quietly(node, [vitest, 'run', '--config', 'house/vitest.config.ts', '--reporter=dot', ...which]),
    )
} finally {
  rmSync(folder, { recursive: true, force: true })
}
counted.finish('nodes')
