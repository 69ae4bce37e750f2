import { describe, expect, expectTypeOf, test } from 'vitest'
import {
  bursts,
  defineEvents,
  type EventStream,
  events,
  exponential,
  type GeneratedEvent,
  lifecycle,
  oneOf,
  type Random,
  scheduled,
  steady,
  zipf,
} from '../../src/index.js'
import { first, origin, rejection } from '../support/story.js'

const kindOf = oneOf({ login: 5, logout: 1 })

function sessions(seed = 3, devicesCount = 4) {
  return defineEvents({
    name: 'sessions',
    seed,
    entities: {
      users: {
        count: 10,
        make: (random, index) => ({ id: index + 1, plan: oneOf({ free: 3, paid: 1 })(random) }),
      },
      devices: { count: devicesCount, make: (_, index) => `device ${index}` },
    },
    streams: ({ users, devices }) => ({
      visits: scheduled({
        schedule: steady({ perSecond: 5, jitter: 1 }),
        event: ({ random }) => {
          const user = users[random.below(users.length)]
          return { key: String(user?.id), value: { user: user?.id, kind: kindOf(random) } }
        },
      }),
      alive: scheduled({
        schedule: bursts({ events: 1, everyMs: 1000, bursts: 3 }),
        topic: 'devices',
        event: ({ index }) => ({ key: 'all', value: devices[index % devices.length] ?? null }),
      }),
    }),
  })
}

describe('a scenario of your own', () => {
  const story = sessions()

  test('is composed of entities and streams, and typed by what they give', () => {
    expectTypeOf(story.entities.users).toEqualTypeOf<readonly { id: number; plan: 'free' | 'paid' }[]>()
    expectTypeOf(first(1, events(story, { from: 0 }))).toEqualTypeOf<
      GeneratedEvent<{ user: number | undefined; kind: 'login' | 'logout' } | string | null>[]
    >()
    const some = first(20, events(story, { from: origin }))
    expect(some.filter(({ stream }) => stream === 'alive')).toMatchObject([
      { topic: 'devices', key: 'all', value: 'device 0', timestampMs: origin },
      { value: 'device 1', timestampMs: origin + 1000 },
      { value: 'device 2', timestampMs: origin + 2000 },
    ])
    for (const { topic, stream } of some) expect(topic).toBe(stream === 'alive' ? 'devices' : 'sessions')
  })

  test('E1: another entity or stream beside it changes nothing in a stream', () => {
    const visits = (scenario: { readonly streams: readonly EventStream[] }): unknown =>
      Array.from({ length: 50 }, (_, index) => scenario.streams[0]?.at(index, origin))
    expect(visits(sessions(3, 40))).toEqual(visits(story))
    expect(visits(sessions(4))).not.toEqual(visits(story))
  })

  test('has entities that refer to others, typed', () => {
    const company = (teams: number) =>
      defineEvents({
        name: 'company',
        entities: make => {
          const offices = make('offices', { count: 3, make: (_, index) => ({ office: `office ${index}` }) })
          const busiest = zipf(offices.length)
          const people = make('people', {
            count: 30,
            make: (random, index) => ({ id: index + 1, office: offices[busiest(random)] }),
          })
          make('teams', { count: teams, make: random => random.uint32() })
          return { offices, people }
        },
        streams: ({ people }) => ({
          arrivals: scheduled({
            schedule: steady({ perSecond: 1 }),
            event: ({ index }) => ({ key: '', value: people[index % people.length]?.office?.office }),
          }),
        }),
      })
    const { entities } = company(1)
    expectTypeOf(entities.people).toEqualTypeOf<
      readonly { id: number; office: { office: string } | undefined }[]
    >()
    const perOffice = entities.offices.map(one => entities.people.filter(({ office }) => office === one))
    expect(perOffice.flat()).toHaveLength(30)
    expect(perOffice[0]?.length).toBeGreaterThan(perOffice[2]?.length ?? 0)
    expect(first(60, events(company(1), { from: origin })).map(({ value }) => value)).toEqual(
      [...entities.people, ...entities.people].map(({ office }) => office?.office),
    )
    expect(company(9).entities).toEqual(entities)
  })

  test('makes the same entities of one kind by itself or among others', () => {
    const ids = { count: 5, make: (random: Random) => random.uint32() }
    const streams = () => ({})
    const { entities } = defineEvents({ name: 'x', entities: { ids }, streams })
    expect(
      defineEvents({ name: 'x', entities: make => ({ ids: make('ids', ids) }), streams }).entities,
    ).toEqual(entities)
    const twice = (): unknown =>
      defineEvents({ name: 'x', entities: make => ({ a: make('ids', ids), b: make('ids', ids) }), streams })
    expect(twice).toThrow(expect.objectContaining({ code: 'INVALID_OPTION', details: expect.anything() }))
  })

  test('refuses a name that entities and a stream share', () => {
    const both = (): unknown =>
      defineEvents({
        name: 'twice',
        entities: { cats: () => ['cat'] },
        streams: () => ({
          cats: scheduled({ schedule: steady({ perSecond: 1 }), event: () => ({ key: '', value: 1 }) }),
        }),
      })
    expect(both).toThrow(expect.objectContaining({ code: 'INVALID_OPTION' }))
  })
})

describe('a lifecycle', () => {
  const jobs = defineEvents({
    name: 'jobs',
    streams: () => ({
      jobs: lifecycle({
        begins: steady({ perSecond: 20, jitter: 1 }),
        initial: 'queued',
        states: {
          queued: { dwellMs: exponential({ mean: 500 }), to: { running: 1 } },
          running: { dwellMs: exponential({ mean: 2000 }), to: { done: 3, failed: 1 } },
          failed: { dwellMs: () => 100, to: ({ step }) => (step < 6 ? { queued: 1 } : { lost: 1 }) },
          done: { to: { gone: 1 } },
          lost: {},
          gone: {},
        },
        event: ({ instance, step, state, previous, random }) => {
          const key = String(instance)
          return state === 'gone'
            ? { key, value: null }
            : { key, value: { state, previous, step, draw: random.uint32() } }
        },
      }),
    }),
  })
  const some = first(5000, events(jobs, { from: origin }))

  test('takes each instance through its states, one step after the other', () => {
    const paths = new Map<string, string[]>()
    for (const { key, value } of some) {
      const path = paths.get(key) ?? []
      if (value !== null) expect(value).toMatchObject({ previous: path.at(-1), step: path.length })
      paths.set(key, [...path, value?.state ?? 'gone'])
    }
    const ended = [...paths.values()].map(path => path.join(' ')).filter(path => /(gone|lost)$/.test(path))
    expect(ended.length).toBeGreaterThan(500)
    for (const path of ended) expect(path).toMatch(/^(queued running (failed )?)+(done gone|lost)$/)
    const failed = some.filter(({ value }) => value?.state === 'failed').length
    const done = some.filter(({ value }) => value?.state === 'done').length
    expect(done / failed).toBeGreaterThan(2.5)
    expect(done / failed).toBeLessThan(3.6)
  })

  test('comes in order of time, and an index is a position', () => {
    expect(some.map(({ index }) => index)).toEqual(some.map((_, position) => position))
    const when = some.map(({ timestampMs }) => timestampMs)
    expect(when).toEqual([...when].sort((one, other) => one - other))
  })

  test('E1: any of its events can be made by itself', () => {
    for (const index of [0, 7, 1234]) expect(jobs.streams[0]?.at(index, origin)).toEqual(some[index])
  })

  test('E1: one instance more changes nothing in the lives of the others', () => {
    const of = (count: number): readonly GeneratedEvent[] => {
      const few = defineEvents({
        name: 'few',
        streams: () => ({
          few: lifecycle({
            begins: bursts({ events: count, everyMs: 1, bursts: 1 }),
            initial: 'a',
            states: { a: { dwellMs: exponential({ mean: 100 }), to: { b: 1, c: 1 } }, b: {}, c: {} },
            event: ({ instance, state }) => ({ key: String(instance), value: state }),
          }),
        }),
      })
      return [...events(few, { from: origin })]
    }
    const lives = (all: readonly GeneratedEvent[]): unknown =>
      all.filter(({ key }) => Number(key) < 5).map(({ index, ...rest }) => rest)
    expect(of(5)).toHaveLength(10)
    expect(lives(of(9))).toEqual(lives(of(5)))
  })

  test('sends nothing for a step that has nothing to say, and can start with nobody', async () => {
    const quiet = (count: number) =>
      defineEvents({
        name: 'quiet',
        streams: () => ({
          quiet: lifecycle({
            begins: bursts({ events: count, everyMs: 1, bursts: 1 }),
            initial: 'a',
            states: { a: { to: { b: 1 } }, b: { to: { c: 1 } }, c: {} },
            event: ({ state }) => (state === 'b' ? undefined : { key: '', value: state }),
          }),
        }),
      })
    expect([...events(quiet(1), { from: origin })].map(({ value }) => value)).toEqual(['a', 'c'])
    expect([...events(quiet(0), { from: origin })]).toEqual([])
    const stream = quiet(1).streams[0]
    const asked = rejection(Promise.resolve().then(() => stream?.at(2, origin)))
    expect(await asked).toBeInstanceOf(RangeError)
  })
})
