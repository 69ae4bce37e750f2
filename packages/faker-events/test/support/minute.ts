import {
  type Deployment,
  type DeploymentsScenario,
  events,
  type GeneratedEvent,
  memory,
  type RunOptions,
  run,
  type Sink,
  scenarios,
  virtualClock,
} from '../../src/index.js'
import { origin } from './story.js'

/** What is sent. */
export const story: DeploymentsScenario = scenarios.deployments({ seed: 7 })
export const minute: { readonly scenario: DeploymentsScenario; readonly from: number; readonly to: number } =
  {
    scenario: story,
    from: origin,
    to: origin + 60_000,
  }
/** All of it. */
export const expected: readonly GeneratedEvent<Deployment>[] = [...events(story, minute)]

/** A virtual minute, unless told otherwise. */
export function go(options: Partial<RunOptions> & { readonly sink: Sink }): ReturnType<typeof run> {
  return run({ ...minute, clock: virtualClock(origin), ...options })
}

/** A memory sink that fails the sends for which `fault` gives an error, before keeping anything. */
export function failing(
  fault: (send: number) => unknown,
): Sink & { readonly events: readonly GeneratedEvent[] } {
  const kept = memory()
  let sends = 0
  return {
    events: kept.events,
    close: kept.close,
    send: async batch => {
      sends++
      const error = fault(sends)
      if (error !== undefined) throw error
      await kept.send(batch)
    },
  }
}

/** An error that may pass. */
export const passing = (): Error => Object.assign(new Error('broker is away'), { retriable: true })
