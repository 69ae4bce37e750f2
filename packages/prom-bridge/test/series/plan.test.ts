import { describe, expect, test } from 'vitest'
import { BridgeError } from '../../src/errors.js'
import { plans } from '../../src/series/plan.js'
import type { ViewOptions } from '../../src/types.js'

const alerts: ViewOptions = { view: 'alerts', labels: { organization: 'labels' } }

function codeOf(views: unknown): string {
  try {
    plans(views as readonly ViewOptions[])
  } catch (error) {
    if (BridgeError.is(error)) return error.message
    throw error
  }
  return 'no error'
}

test('a view needs no more than its name and its labels', () => {
  expect(plans([alerts])).toEqual([
    {
      options: alerts,
      view: 'alerts',
      name: 'alerts',
      help: '1 for every row of view alerts.',
      labelNames: ['organization'],
      labels: ['labels'],
      nulls: 'omit',
      maxLabelBytes: Number.POSITIVE_INFINITY,
      maxSeries: undefined,
      overLimit: 'drop-new',
      zeroForMs: undefined,
      holdForMs: Number.POSITIVE_INFINITY,
      failsScrape: false,
      staleAfterMs: Number.POSITIVE_INFINITY,
      isAge: false,
      columns: ['labels'],
      value: undefined,
      collisions: 'max',
    },
  ])
})

test('help says where the value comes from unless it is given', () => {
  const helpOf = (more: Partial<ViewOptions>): string | undefined => plans([{ ...alerts, ...more }])[0]?.help
  expect(helpOf({ value: { column: 'n' } })).toBe('Column n of every row of view alerts.')
  expect(helpOf({ value: { multiplicity: true } })).toBe('How many times view alerts holds each row.')
  expect(helpOf({ help: 'Mine.' })).toBe('Mine.')
})

describe('options that cannot be used are refused with their name and value', () => {
  test.each([
    [undefined, 'views is undefined'],
    [[], 'views is '],
    [[{ labels: {} }], 'view is undefined'],
    [[{ view: '', labels: {} }], 'view is ""'],
    [[{ view: 'v' }], 'labels of v is undefined'],
    [[{ view: 'v', labels: { a: 1 } }], 'labels.a of v is 1'],
    [[{ view: 'v', labels: {}, value: 7 }], 'value of v is 7'],
    [[{ view: 'v', labels: {}, value: { column: 7 } }], 'value of v is {"column":7}'],
    [[{ view: 'v', labels: {}, value: { multiplicity: false } }], 'value of v is {"multiplicity":false}'],
    [[{ view: 'v', labels: {}, collisions: 'avg' }], 'collisions of v is "avg"'],
    [[{ view: 'v', labels: {}, help: 7 }], 'help of v is 7'],
  ])('%j', (views, beginning) => {
    expect(codeOf(views)).toContain(`[INVALID_OPTION] ${beginning}`)
  })

  test('a view whose name makes no metric is told to set one', () => {
    expect(codeOf([{ view: 'v', name: 'a b', labels: {} }])).toContain('[INVALID_NAME]')
    expect(codeOf([{ view: 'v', labels: { 'a b': 'c' } }])).toContain('[INVALID_NAME]')
  })
})

test('B15: two views that would make one metric are refused, and both are named', () => {
  const views = [
    { ...alerts, view: 'a.b' },
    { ...alerts, view: 'a_b' },
  ]
  expect(codeOf(views)).toContain('[NAME_TAKEN] The name "a_b" is taken by the metric of view "a.b".')
})

test('B41: two views may be one metric only if a constant label tells their series apart; otherwise it is said why not', () => {
  const one = { view: 'a', name: 'm', help: 'h', labels: { in: { value: 'a' }, x: 'x' } }
  const other = { ...one, view: 'b', labels: { x: 'y', in: { value: 'b' } } }
  expect(codeOf([one, other])).toBe('no error')
  expect(codeOf([one, { ...other, help: 'other' }])).toContain('give both the same help')
  expect(codeOf([one, { ...other, labels: { in: { value: 'b' } } }])).toContain('give both the same labels')
  expect(codeOf([one, { ...other, labels: one.labels }])).toContain('whose constant value, { value: ')
  expect(codeOf([one, { ...other, labels: { in: 'in', x: 'x' } }])).toContain(
    'whose constant value, { value: ',
  )
})

test('one view twice is refused, because its health would be reported twice', () => {
  expect(codeOf([alerts, { ...alerts, name: 'other' }])).toContain('[NAME_TAKEN] The name "alerts" is taken')
})
