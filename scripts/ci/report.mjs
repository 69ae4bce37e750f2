// `node scripts/ci/report.mjs <name> <passed> <failed>`: what a step counted, for the sum at the end.
import { writeReport } from '../lib/reports.mjs'

const [name, passed, failed] = process.argv.slice(2)
writeReport(name, { passed: Number(passed), failed: Number(failed) })
