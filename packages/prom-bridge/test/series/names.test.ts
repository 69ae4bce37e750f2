import { expect, test } from 'vitest'
import { checkLabelName, checkMetricName, sanitize } from '../../src/series/names.js'

test.each([
  ['organization_alert', 'organization_alert'],
  ['public.organization_alert', 'public_organization_alert'],
  ['"Weird Name"', 'Weird_Name'],
  ['a-b', 'a_b'],
  ['1x', '_1x'],
  ['é😀', '__'],
])('B15: the gauge of view %s is called %s', (view, name) => {
  expect(sanitize(view)).toBe(name)
  expect(() => checkMetricName(name, view)).not.toThrow()
})

test.each(['', '1x', 'a b', 'a-b', 'é', 'a:b', 'mzalert_view_up', 'mzalert_mine', 'a\n'])(
  'B15: a gauge cannot be called %j',
  name => {
    expect(() => checkMetricName(name, 'v')).toThrow(/\[INVALID_NAME\].*view "v".*set the option name/s)
  },
)

test.each(['', '1x', 'a b', 'a:b', 'é', '__name__', '__x', 'job', 'instance', 'alertname', 'le', 'quantile'])(
  'B15: a label cannot be called %j, and the error says why',
  label => {
    expect(() => checkLabelName(label, 'v', 'c')).toThrow(
      `A label of view "v", of column "c", cannot be called ${JSON.stringify(label)}.`,
    )
  },
)

test.each(['organization', '_x', 'constructor', 'toString', 'view', 'A1'])(
  'a label may be called %s',
  label => {
    expect(() => checkLabelName(label, 'v', undefined)).not.toThrow()
  },
)
