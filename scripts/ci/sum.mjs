// Sums the reports of all runners and prints the one line that counts.
import { readReports, reportsFolder } from '../lib/reports.mjs'

const reports = readReports(reportsFolder() ?? 'reports')
for (const { name, passed, failed, skipped } of reports)
  console.log(`${name}: ${passed} passed, ${failed} failed${skipped ? `, ${skipped} skipped` : ''}`)
const total = field => reports.reduce((sum, report) => sum + report[field], 0)
// A skipped test is a test that nobody ran: it does not pass.
const failed = total('failed') + total('skipped')
const passed = total('passed')
console.log(`${passed} passed, ${failed} failed`)
process.exitCode = failed > 0 || passed === 0 ? 1 : 0
