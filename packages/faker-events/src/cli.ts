#!/usr/bin/env node
import { EventsError, reasonOf } from './errors.js'
import { program } from './program/program.js'

const stop = new AbortController()
// Only the first one is caught: a second ends a process that cannot finish.
process.once('SIGINT', () => stop.abort()).once('SIGTERM', () => stop.abort())

program(process.argv.slice(2), {
  stdout: process.stdout,
  stderr: process.stderr,
  signal: stop.signal,
}).catch((error: unknown) => {
  // The reader of standard output has what it wanted, as in `… | head`.
  if (EventsError.is(error) && error.code === 'SINK_CLOSED') return
  process.stderr.write(`faker-events: ${reasonOf(error).replaceAll(/\s+/g, ' ')}\n`)
  process.exitCode = EventsError.is(error) && error.code === 'INVALID_OPTION' ? 2 : 1
})
