import { cpus, totalmem } from 'node:os'

/** Where figures were measured, in one line. */
export function machine() {
  const [cpu] = cpus()
  return `Node ${process.versions.node}, ${cpus().length} x ${cpu.model}, ${Math.round(totalmem() / 1e9)} GB`
}
