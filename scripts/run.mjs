// `node scripts/run.mjs <task> [arguments]`: what every `npm run …` of the root calls.
// Needs nothing but Node and npm: the pinned pnpm is brought first, then everything from the lockfile.
// This file must parse on old versions of Node, so that they get a sentence and not a syntax error.
var wanted = [20, 19]
var running = process.versions.node.split('.').map(Number)
if (running[0] < wanted[0] || (running[0] === wanted[0] && running[1] < wanted[1])) {
  console.error(
    'mzalert needs Node ' + wanted.join('.') + ' or later; this is Node ' + process.versions.node + '.',
  )
  process.exit(1)
}
import('./lib/tasks.mjs')
  .then(tasks => tasks.run(process.argv[2], process.argv.slice(3)))
  .then(
    code => {
      process.exitCode = code
    },
    error => {
      console.error('mzalert: ' + (error && error.stack ? error.stack : error))
      process.exitCode = 1
    },
  )
