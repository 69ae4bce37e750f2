import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { root } from './processes.mjs'

/** Where runners write what they counted; undefined outside of CI. */
export function reportsFolder() {
  const folder = process.env.MZALERT_REPORTS
  return folder ? path.resolve(root, folder) : undefined
}

/** Writes `{ passed, failed }` under a name; does nothing outside of CI. */
export function writeReport(name, counts) {
  const folder = reportsFolder()
  if (!folder) return
  mkdirSync(folder, { recursive: true })
  writeFileSync(path.join(folder, `${name}.json`), JSON.stringify(counts))
}

/** Every report's counts; vitest's JSON report is understood as it is. */
export function readReports(folder) {
  return readdirSync(folder)
    .filter(file => file.endsWith('.json'))
    .map(file => {
      const report = JSON.parse(readFileSync(path.join(folder, file), 'utf8'))
      return {
        name: file.replace(/\.json$/, ''),
        passed: report.passed ?? report.numPassedTests ?? 0,
        failed:
          report.failed ??
          (report.numFailedTests ?? 0) +
            (report.numFailedTestSuites && !report.numFailedTests ? report.numFailedTestSuites : 0),
        skipped: (report.numPendingTests ?? 0) + (report.numTodoTests ?? 0),
      }
    })
}
