import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { events, memory, run, type Scenario, scenarios, virtualClock, withFaults } from '../src/index.js'
import { digest, first, origin } from './support/story.js'

interface Golden {
  readonly scenario: keyof typeof scenarios
  readonly options: object
  readonly faults: object
  /** Of the first ten thousand events as lines of JSON, from 2023-11-14T22:13:20Z on. */
  readonly digest: string
}

/** The same file holds for the built package on every version of Node that is supported. */
const golden = JSON.parse(readFileSync(new URL('golden.json', import.meta.url), 'utf8')) as readonly Golden[]

function storyOf({ scenario, options, faults }: Golden): Scenario {
  return withFaults<Scenario>(scenarios[scenario](options), faults)
}

test.each(golden)(
  'E1: ten thousand events of a scenario are the same bytes as when this was written: $scenario $options',
  one => {
    expect(digest(first(10_000, events(storyOf(one), { from: origin })))).toBe(one.digest)
  },
)

test.each(golden)(
  'E1: they are the same bytes in batches of 1, 7 and 500, at once and in their time: $scenario $options',
  async one => {
    const to = origin + 600_000
    const whole = digest(events(storyOf(one), { from: origin, to }))
    for (const maxBatchEvents of [1, 7, 500])
      for (const clock of [virtualClock(origin), virtualClock(to + 1000)]) {
        const sink = memory()
        await run({ scenario: storyOf(one), sink, from: origin, to, clock, maxBatchEvents })
        expect(digest(sink.events)).toBe(whole)
      }
  },
)
