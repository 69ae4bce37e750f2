import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type Engine, type EngineEvent, type EngineOptions, startEngine } from '@mzalert/local-engine'

/** One prepared data directory for all test files: the first start makes it. */
const cacheDir = join(tmpdir(), 'mzalert-local-engine-test')

export interface TestEngine extends Engine {
  readonly events: EngineEvent[]
}

/** An engine of the built package. */
export async function engineFor(options: EngineOptions = {}): Promise<TestEngine> {
  const events: EngineEvent[] = []
  const engine = await startEngine({ cacheDir, onEvent: event => events.push(event), ...options })
  return Object.assign(engine, { events })
}

/** A clock that runs, and can be put forward or back. */
export function movableClock(startMs: number = Date.now()): {
  nowMs: () => number
  set: (ms: number) => void
} {
  let offset = startMs - Date.now()
  return {
    nowMs: () => Date.now() + offset,
    set: ms => {
      offset = ms - Date.now()
    },
  }
}
