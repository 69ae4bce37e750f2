import { environment, execute, root, say } from './processes.mjs'
import { writeReport } from './reports.mjs'

/** Counts what holds and what does not, says each in a line, and reports the sum under a name. */
export class Counted {
  #passed = 0
  #failed = 0

  /** Runs something that gives an exit code, or throws what is wrong; false if it failed. */
  async check(what, run) {
    let holds = false
    try {
      holds = ((await run()) ?? 0) === 0
    } catch (error) {
      say(error.stack ?? String(error))
    }
    if (holds) this.#passed++
    else this.#failed++
    say(`${holds ? 'ok' : 'FAILED'}: ${what}`)
    return holds
  }

  /** Like `check`, for what makes no sense to go on without. */
  async must(what, run) {
    if (!(await this.check(what, run))) throw new Error(`${what}: there is no going on without it`)
  }

  finish(name) {
    writeReport(name, { passed: this.#passed, failed: this.#failed })
    say(`${name}: ${this.#passed} passed, ${this.#failed} failed`)
    process.exitCode = this.#failed > 0 ? 1 : 0
  }
}

/** Runs a command whose output is shown only if it fails. */
export function quietly(command, args, cwd = root, more = {}) {
  return execute(command, args, { cwd, env: environment(more), quiet: true })
}

/** `npm install` of what a manifest or the arguments say, and nothing around it. */
export function npmInstall(folder, ...what) {
  return quietly('npm', ['install', ...what, '--no-audit', '--no-fund', '--loglevel=error'], folder)
}
