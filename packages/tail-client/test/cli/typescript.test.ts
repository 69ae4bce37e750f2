import { expect, test } from 'vitest'
import { moduleText, Names } from '../../src/cli/typescript.js'
import { knownOids } from '../../src/rows/types.js'
import { compile } from '../support/compile.js'

const none = new Set<string>()

test('T83: relations that would share a name, or have one that means something else, get others', () => {
  const names = new Names()
  const given = [
    'class',
    'a_b',
    'aB',
    'a-b',
    'ops.a_b',
    'relation',
    'range',
    'record',
    '2x',
    'A_b',
    'await',
  ].map(name => names.next(name))
  expect(given.map(({ value }) => value)).toEqual([
    'classView',
    'aB',
    'aBView',
    'aBView2',
    'opsAB',
    'relationView',
    'rangeView',
    'recordView',
    'view2x',
    'ABView3',
    'awaitView',
  ])
  expect(new Set(given.map(({ type }) => type)).size).toBe(given.length)
})

test('T83: a module of every type, and of names that are awkward, compiles', {
  timeout: 120_000,
}, async () => {
  const columns = knownOids.map(oid => ({ name: `c ${oid}`, oid }))
  const odd = ["it's", '__proto__', 'a\nb', '1', 'constructor'].map(name => ({ name, oid: 3926 }))
  const relations = ['class', 'relation', 'range', 'record', 'a_b', 'aB', 'tail', "we'ird"].map(name => ({
    name,
    columns: name === 'record' ? odd : columns,
    notNull: name === 'a_b' ? new Set(columns.map(column => column.name)) : none,
  }))
  await compile({ 'views.mts': moduleText(relations) })
})
