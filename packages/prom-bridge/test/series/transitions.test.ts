import { expect, test } from 'vitest'
import type { Delta } from '../../src/series/delta.js'
import { Series } from '../../src/series/series.js'
import { Transitions } from '../../src/series/transitions.js'
import { noCounts } from '../support/models.js'

function delta(added: readonly string[], removed: readonly string[], atMs = 1, isSnapshot = false): Delta {
  const series = (name: string): Series => new Series(`{a="${name}"}`, ['a'])
  const [appeared, gone] = [added.map(series), removed.map(series)]
  return {
    added: appeared,
    removed: gone,
    changed: [],
    appeared,
    gone,
    atMs,
    isSnapshot,
    blocked: undefined,
    counts: noCounts,
  }
}

function shown(transitions: Transitions): readonly string[] {
  return transitions.latest.map(({ to, values, number }) => `${number} ${values.join()} ${to}`)
}

test('the newest transition comes first, and what resolved in a batch is before what fired in it', () => {
  const transitions = new Transitions()
  transitions.record(delta(['A'], []))
  transitions.record(delta(['B'], ['A']))
  expect(shown(transitions)).toEqual(['3 B firing', '2 A resolved', '1 A firing'])
})

test('a first snapshot is no transition: nobody saw it happen', () => {
  const transitions = new Transitions()
  transitions.record(delta(['A'], [], 1, true))
  expect(shown(transitions)).toEqual([])
})

test('only the last are kept, however many a batch has; all are counted', () => {
  const transitions = new Transitions(3)
  transitions.record(delta(['A', 'B', 'C', 'D', 'E'], ['F']))
  expect(shown(transitions)).toEqual(['6 E firing', '5 D firing', '4 C firing'])
  transitions.record(delta([], ['E']))
  expect(shown(transitions)).toEqual(['7 E resolved', '6 E firing', '5 D firing'])
})
