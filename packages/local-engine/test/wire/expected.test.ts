import { expect, it } from 'vitest'
import { message } from '../../src/wire/backend.js'
import { Expected } from '../../src/wire/expected.js'
import { copyDone, flush, query, sync } from '../../src/wire/frontend.js'
import { bind, parse, target } from '../support/extended.js'

/** How many messages of an answer are taken until it is complete; undefined if it never is. */
function taken(messages: readonly Uint8Array[], answer: string): number | undefined {
  const expected = new Expected(Buffer.concat(messages))
  for (let i = 0; ; i++) {
    if (expected.complete) return i
    const type = answer[i]
    if (type === undefined) return undefined
    expected.take(type)
  }
}

const extended = [parse('', 'select 1'), bind('', ''), target('D'), target('E')]

it.each<[string, readonly Uint8Array[], string]>([
  ['a query', [query('select 1')], 'TDDDCZ'],
  ['a query of several statements', [query('a; b')], 'TDCTDCZ'],
  ['several queries', [query('a'), query('b')], 'CZNEZ'],
  ['an extended query up to Sync', [...extended, sync], '12TDCZ'],
  ['one that fails', [...extended, sync], '1EZ'],
  ['one up to Flush', [...extended, flush], '12tTNDDC'],
  ['one up to Flush that fails', [...extended, flush], '1E'],
  ['one whose portal is suspended', [...extended, flush], '12nDs'],
  ['a load', [query('copy t from stdin'), message('d'), copyDone], 'GCZ'],
  ['a Sync after a Flush', [sync, query('x')], 'ZCZ'],
  ['nothing', [flush], ''],
])('the answer to %s is complete with its last message', (_, messages, answer) => {
  expect(taken(messages, `${answer}XXX`)).toBe(answer.length)
  if (answer.length > 0) expect(taken(messages, answer.slice(0, -1))).toBeUndefined()
})

it('knows whether it holds what a COPY is to load', () => {
  expect(new Expected(query('copy t from stdin')).loads).toBe(false)
  expect(new Expected(Buffer.concat([query('copy t from stdin'), copyDone])).loads).toBe(true)
})
