import { faker } from '@faker-js/faker/locale/en'
import type { Random } from '../random.js'

/** Draws a person's name, in English, from a sequence of random numbers and nothing else. */
export type DrawName = (random: Random) => string

/**
 * A name generator of its own: the faker that a program may share with us is neither seeded nor disturbed, and
 * nothing in it reads a clock.
 *
 * One locale is imported, since all of them cost four times the start-up time and twice the memory. That entry
 * exports only an instance, so its class is reached through it.
 */
export function nameSource(): DrawName {
  let source: Random | undefined
  const Own = faker.constructor as new (options: {
    locale: typeof faker.rawDefinitions
    randomizer: { next: () => number; seed: () => void }
  }) => typeof faker
  const own = new Own({
    locale: faker.rawDefinitions,
    randomizer: { next: () => source?.unit() ?? 0, seed: () => undefined },
  })
  own.setDefaultRefDate('2022-02-24T00:00:00Z')
  return random => {
    source = random
    return `${own.person.firstName()} ${own.person.lastName()}`
  }
}
