import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { pageHtml, viewHtml } from '../../src/page/html.js'
import type { ViewModel } from '../../src/page/model.js'
import { viewModel } from '../support/models.js'

/** What a reader sees: the markup without its tags. */
function seen(html: string): string {
  return html
    .replace(/<(style|script)>.*?<\/\1>/gs, '')
    .replace(/<[^>]*>/g, ' ')
    .replace(/\s+/g, ' ')
    .trim()
}

const now = 1_645_736_480_000

test('the page says how many alerts fire, which, since when, and what happened last', () => {
  const text = seen(pageHtml([viewModel()], now))
  expect(text).toContain('1 alert firing')
  expect(text).toContain('organization_alert live , 4.0 s behind Organizations that spike.')
  expect(text).toContain('alert_cond organization firing deployment_spike B since 2022-02-24 21:01:16 UTC')
  expect(text).toContain('Last transitions resolved deployment_spike, A 2022-02-24 21:01:15 UTC')
})

test('the page is one document: nothing is loaded from elsewhere', () => {
  const html = pageHtml([viewModel()], now)
  expect(html.startsWith('<!doctype html>\n<html lang="en">')).toBe(true)
  expect(html).not.toMatch(/(src|href|url)\s*[=(]\s*["']?(https?:)?\/\//)
  expect(html).not.toMatch(/<[^>]+\son[a-z]+=/)
  expect(html).not.toMatch(/<[^>]+\sstyle=/)
})

describe('the first line', () => {
  const quiet = viewModel({ total: 0, rows: [] })
  const other = viewModel({ view: 'dim_deployments', isAlert: false, total: 5 })

  test.each<[string, readonly ViewModel[]]>([
    ['No alerts firing', [quiet, other]],
    ['No alerts known to fire', [quiet, viewModel({ state: 'stale', total: 0 })]],
    ['No alerts known to fire', [viewModel({ state: 'starting', total: 0 })]],
    ['1 alert firing', [viewModel({ state: 'failed' })]],
    ['3 alerts firing', [viewModel(), viewModel({ view: 'b', total: 2 }), other]],
  ])('is %s', (line, views) => {
    expect(seen(pageHtml(views, now))).toContain(` ${line} `)
  })
})

test.each([
  ['starting', 'waiting for the first snapshot'],
  ['stale', 'disconnected, last known state'],
  ['failed', 'stopped, last known state'],
] as const)('a view that is %s says so in words', (state, words) => {
  expect(seen(viewHtml(viewModel({ state }), 0))).toContain(words)
})

test('a view that failed says of what', () => {
  const html = viewHtml(viewModel({ state: 'failed', problem: '[UNKNOWN_COLUMN] no "x" & no <y>' }), 0)
  expect(html).toContain('[UNKNOWN_COLUMN] no &quot;x&quot; &amp; no &lt;y&gt;')
})

test('a view before its snapshot does not say that nothing fires', () => {
  expect(seen(viewHtml(viewModel({ state: 'starting', total: 0, rows: [] }), 0))).not.toContain(
    'Nothing is firing',
  )
})

test('rows that are measurements have their value, and come and go rather than fire and resolve', () => {
  const rows = [{ values: ['B', null], value: 8.5, sinceMs: now, isSinceExact: false }]
  const text = seen(viewHtml(viewModel({ isAlert: false, rows }), 0))
  expect(text).toContain('value present B – 8.5 before 2022-02-24 21:01:20 UTC')
  expect(text).toContain('went deployment_spike, A')
  expect(text).not.toContain('firing')
})

test('a view that has more rows than the page shows says how many', () => {
  expect(seen(viewHtml(viewModel({ total: 5000 }), 0))).toContain('The newest 1 of 5000.')
})

test('earlier transitions are one click away', () => {
  const transitions = Array.from({ length: 50 }, (_, index) => ({
    to: 'firing' as const,
    values: [`T${index}`],
    atMs: now,
    number: 50 - index,
  }))
  const html = viewHtml(viewModel({ transitions }), 0)
  expect(html).toContain('<details><summary>44 earlier</summary>')
  expect(html.match(/<li /g)).toHaveLength(50)
})

test('a timestamp that is no date is shown as it is', () => {
  const rows = [{ values: ['a', 'b'], value: 1, sinceMs: 1e20, isSinceExact: true }]
  expect(seen(viewHtml(viewModel({ rows }), 0))).toContain('100000000000000000000')
})

test('whatever a row, a view or its help says, it cannot become markup', () => {
  const text = fc.oneof(
    fc.string({ unit: 'binary' }),
    fc.constantFrom(
      '<script>',
      '"><img src=x>',
      "' onload='",
      '</style>',
      '&lt;',
      'x'.repeat(1000),
      '\ud83d\ude00'.repeat(200),
    ),
  )
  const skeleton = (html: string): string =>
    html
      .replace(/"[^"<>]*"/g, '""')
      .replaceAll(' class=""', '')
      .match(/<[^>]*>/g)
      ?.join('') ?? ''
  const of = (word: string): string =>
    skeleton(
      pageHtml(
        [
          viewModel({
            view: word,
            help: word,
            problem: word,
            labelNames: ['a', 'b'],
            rows: [{ values: [word, word], value: 1, sinceMs: now, isSinceExact: true }],
            transitions: [{ to: 'firing', values: [word], atMs: now, number: 1 }],
          }),
        ],
        now,
      ),
    )
  fc.assert(
    fc.property(text, word => {
      expect(of(word)).toBe(of('word'))
    }),
  )
})
