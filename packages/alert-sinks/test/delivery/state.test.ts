import { expect, test } from 'vitest'
import { contentOf } from '../../src/alerts/content.js'
import { decodeState, encodeState, type State } from '../../src/delivery/state.js'
import type { Row } from '../support/batches.js'

const content = contentOf<Row>(
  {
    name: 'spike',
    labels: { org: 'org' },
    annotations: { summary: 'é "{{ org }}"' },
    links: { runbook: 'https://wiki/{{ org }}' },
    generatorURL: 'https://console/',
    startsAt: 'at',
  },
  () => {},
)({ org: 'B\n', at: 7 })

function state(): State {
  if (typeof content === 'string') throw new Error(content)
  return {
    savedAtMs: 9500,
    knownAtMs: 9400,
    frontierMs: 9000,
    sinks: ['alertmanager/am:9093'],
    instances: [
      { content, phase: 'kept', sinceMs: 1, goneMs: 2, keepMs: 3, startsAtMs: 4, firings: [1, 2] },
      { content, phase: 'pending', sinceMs: 1, goneMs: 0, keepMs: 0, startsAtMs: 0, firings: [] },
    ],
    entries: [
      {
        key: content.key,
        content,
        status: 'resolved',
        startsAtMs: 1,
        endsAtMs: 2,
        revision: 3,
        transition: 2,
        acked: { 'alertmanager/am:9093': 3 },
      },
    ],
  }
}

test('a state that was stored is read as it was, and what is shared is written once', () => {
  const text = encodeState(state())
  expect(decodeState(text, 'it')).toEqual(state())
  expect(text.split('https://wiki/')).toHaveLength(2)
  expect(text).not.toContain('\n')
})

test.each([
  ['', 'nothing'],
  ['{', 'half of it'],
  ['null', 'null'],
  ['{"format":"other","version":1}', 'another format'],
  ['{"format":"mzalert-alerts","version":2}', 'a later version'],
  [encodeState(state()).replace('"content":0', '"content":9'), 'a part that is not there'],
  [encodeState(state()).replace('"kept"', '"lost"'), 'a phase that there is not'],
  [encodeState(state()).replace('"sinceMs":1', '"sinceMs":"1"'), 'a text for a number'],
])('%s is refused: it is %s', text => {
  expect(() => decodeState(text, 'The state')).toThrow(
    '[STATE_CORRUPT] The state is damaged. Remove it to start anew.',
  )
})
