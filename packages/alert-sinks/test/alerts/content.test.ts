import { describe, expect, test } from 'vitest'
import { missingColumn } from '../../src/alerts/columns.js'
import { type Content, contentOf } from '../../src/alerts/content.js'
import { SinksError } from '../../src/errors.js'
import type { AlertOptions } from '../../src/types.js'

type Row = Readonly<Record<string, unknown>>

/** The content of a row, and which texts fell back. */
function made(
  row: Row,
  options: Partial<AlertOptions<Row>> = {},
): Content & { readonly fallbacks: readonly string[] } {
  const fallbacks: string[] = []
  const of = contentOf<Row>({ name: 'spike', labels: { organization: 'org' }, ...options }, what =>
    fallbacks.push(what),
  )
  const content = of(row)
  if (typeof content === 'string') throw new Error(content)
  return { ...content, fallbacks }
}

describe('labels', () => {
  test('a row has the labels that were named, and alertname', () => {
    const { labels } = made(
      { org: 'B', n: 7n, ok: true },
      { labels: { organization: 'org', n: 'n', team: { value: 'web' }, ok: row => row['ok'] } },
    )
    expect(labels).toEqual({ alertname: 'spike', n: '7', ok: 'true', organization: 'B', team: 'web' })
  })

  test('alertname may come from a column', () => {
    expect(made({ cond: 'deployment_spike' }, { labels: { alertname: 'cond' } }).labels).toEqual({
      alertname: 'deployment_spike',
    })
  })

  test('NULL and the empty text leave a label out', () => {
    expect(made({ org: null }).key).toBe(made({ org: '' }).key)
    expect(made({ org: null }).labels).toEqual({ alertname: 'spike' })
  })

  test('label sets that are the same have one key, in whatever order they were written', () => {
    const row = { a: '1', b: '2' }
    const one = made(row, { labels: { a: 'a', b: 'b' } })
    const other = made(row, { labels: ({ a, b }) => ({ b, a }) })
    expect(one.key).toBe(other.key)
    expect(one.fingerprint).toBe(other.fingerprint)
  })

  test.each([
    [
      { a: '1,b:2', b: '3' },
      { a: '1', b: '2,b:3' },
    ],
    [
      { a: 'x|y', b: 'z' },
      { a: 'x', b: 'y|z' },
    ],
    [
      { a: '"],["b', b: '' },
      { a: '', b: '"],["b' },
    ],
  ])('%j and %j are two alerts', (one, other) => {
    const labels = { a: 'a', b: 'b' }
    expect(made(one, { labels }).key).not.toBe(made(other, { labels }).key)
  })

  test('a function that throws, or names that labels cannot have, leave the row out', () => {
    const of = (labels: AlertOptions<Row>['labels']) =>
      contentOf<Row>({ name: 'spike', labels }, () => {})({ org: 'B' })
    const broken = (): never => {
      throw new Error('no')
    }
    expect(of(broken)).toBe('label_failed')
    expect(of({ organization: broken })).toBe('label_failed')
    expect(of(() => ({ 'not-a-name': 1 }))).toBe('invalid_label')
    expect(of({ alertname: () => '' })).toBe('no_labels')
  })

  test('a column that the rows do not have is an error that names those they have', () => {
    expect(missingColumn({ labels: { organization: 'org' } }, ['organisation'])?.message).toBe(
      '[UNKNOWN_COLUMN] labels.organization is filled by column "org", which the rows do not have. Their columns are: "organisation". Name one of them.',
    )
    expect(missingColumn({ labels: () => ({}), startsAt: 'at' }, ['org'])?.message).toContain(
      '[UNKNOWN_COLUMN] startsAt is filled by column "at"',
    )
    expect(missingColumn({ labels: {}, dedupe: 'n' }, ['org'])?.message).toContain(
      '[UNKNOWN_COLUMN] dedupe is',
    )
    const labels = { organization: 'org', size: () => 1, team: { value: 'web' } }
    expect(missingColumn({ labels }, ['org'])).toBeUndefined()
  })

  test('a row without a column is left out, or has no time to begin at; the others are none the worse for it', () => {
    const of = contentOf<Row>({ name: 'spike', labels: { organization: 'org' } }, () => {})
    expect(of({ organisation: 'B' })).toBe('label_failed')
    expect(made({ org: 'B' }, { startsAt: 'at' })).toMatchObject({
      startsAtMs: undefined,
      fallbacks: ['startsAt'],
    })
  })

  test('values that differ only far behind are two alerts', () => {
    const long = 'x'.repeat(9000)
    const [one, other] = [made({ org: `${long}1` }), made({ org: `${long}2` })]
    expect(one.key).not.toBe(other.key)
    expect(one.key).toBe(made({ org: `${long}1` }).key)
    expect(one.labels['organization']).toHaveLength(8192)
  })

  test.each([
    [{ labels: { 'a-b': 'org' } }, 'labels is "a-b"'],
    [{ labels: { __name__: 'org' } }, 'labels is "__name__"'],
    [{ labels: { a: 7 } }, 'labels.a is 7'],
    [{ labels: { a: { value: '' } } }, 'labels.a is {"value":""}'],
    [{ annotations: { summary: '{{ org' } }, 'annotations.summary is "{{ org"'],
    [{ annotations: { summary: '{{ }}' } }, 'annotations.summary is "{{ }}"'],
    [{ annotations: { 'a b': 'x' } }, 'annotations is "a b"'],
    [{ silenceAt: 'alertmanager:9093' }, 'silenceAt is "alertmanager:9093"'],
    [{ startsAt: 7 }, 'startsAt is 7'],
    [{ dedupe: 7 }, 'dedupe is 7'],
  ])('%j cannot be used, and is refused before any row', (options, words) => {
    try {
      contentOf<Row>({ name: 'spike', labels: {}, ...(options as Partial<AlertOptions<Row>>) }, () => {})
      expect.unreachable()
    } catch (error) {
      expect(SinksError.is(error) && error.code).toBe('INVALID_OPTION')
      expect(String(error)).toContain(words)
    }
  })
})

describe('texts', () => {
  test('columns are put into a text, and nothing in them is evaluated', () => {
    const { annotations, fallbacks } = made(
      { org: '{{ n }} $(n) <b>&', n: 40 },
      { annotations: { summary: '{{org}} deploys {{ n }} times', plain: 'no columns' } },
    )
    expect(annotations).toEqual({ summary: '{{ n }} $(n) <b>& deploys 40 times', plain: 'no columns' })
    expect(fallbacks).toEqual([])
  })

  test('S12: a text that cannot be made becomes a plain one, and is reported', () => {
    const broken = (): never => {
      throw new Error('no')
    }
    const { annotations, fallbacks } = made(
      { org: 'B' },
      {
        annotations: {
          summary: '{{ gone }}',
          description: broken,
          proto: '{{ toString }}',
          good: '{{ org }}',
        },
      },
    )
    const plain = 'alertname=spike, organization=B'
    expect(annotations).toEqual({ summary: plain, description: plain, proto: plain, good: 'B' })
    expect(fallbacks).toEqual(['annotations.summary', 'annotations.description', 'annotations.proto'])
  })

  test('values in a link are encoded, and what is no URL is left out and reported', () => {
    const { links, generatorURL, fallbacks } = made(
      { org: 'a b/&?', url: 'javascript:alert(1)' },
      {
        links: { runbook: 'https://wiki/{{ org }}', bad: ({ url }) => url },
        generatorURL: 'https://console/?org={{ org }}',
      },
    )
    expect(links).toEqual({ runbook: 'https://wiki/a%20b%2F%26%3F' })
    expect(generatorURL).toBe('https://console/?org=a%20b%2F%26%3F')
    expect(fallbacks).toEqual(['links.bad'])
  })

  test.each([
    ['https://console/100%', false],
    ['https://console/%zz', false],
    ['https://console/100%25?q=%E6%BC%A2#%20', true],
    ['https://%41.example/', false],
    ['https://a\\b/', false],
    ['https://console/\u0001', false],
    ['https://console', true],
    ['https://[::1]:8080/a?b={c}|"d"', true],
  ])('the URL %j is one for everybody: %s', (url, isGood) => {
    const { generatorURL, fallbacks } = made({ org: 'B' }, { generatorURL: () => url })
    expect(generatorURL).toBe(isGood ? url : undefined)
    expect(fallbacks).toEqual(isGood ? [] : ['generatorURL'])
  })

  test('the link to silence an alert names exactly its labels', () => {
    const { links } = made({ org: 'a"b' }, { silenceAt: 'http://am:9093/' })
    expect(decodeURIComponent(links['silence'] ?? '')).toBe(
      'http://am:9093/#/silences/new?filter={alertname="spike",organization="a\\"b"}',
    )
  })

  test('a text that is far too long is cut', () => {
    expect(
      made({ org: 'B', t: 'x'.repeat(100_000) }, { annotations: { t: '{{ t }}' } }).annotations['t'],
    ).toHaveLength(8192)
  })

  test('what is cut never ends with half of a character', () => {
    for (const lead of ['', 'x']) {
      const t = `${lead}${'😀'.repeat(5000)}`
      const options = { annotations: { t: '{{ t }}' }, links: { wiki: 'https://wiki/{{ t }}' } }
      const { annotations } = made({ org: 'B', t }, options)
      expect(annotations['t']).toMatch(/^x?(😀)+…$/u)
    }
  })
})

test.each([
  ['2026-11-24 03:28:54.5', Date.UTC(2026, 10, 24, 3, 28, 54, 500)],
  ['2026-11-24 03:28:54+00', Date.UTC(2026, 10, 24, 3, 28, 54)],
  ['2026-11-24T03:28:54+05:30', Date.UTC(2026, 10, 23, 21, 58, 54)],
  ['2026-11-24', Date.UTC(2026, 10, 24)],
  [new Date(7), 7],
  [1_700_000_000_000n, 1_700_000_000_000],
  ['1700000000000', 1_700_000_000_000],
])('%s is a time to begin at', (at, ms) => {
  expect(made({ org: 'B', at }, { startsAt: 'at' }).startsAtMs).toBe(ms)
})

test.each([
  [0.5, 0.5],
  [-7n, -7],
  ['-1.25', -1.25],
  ['2026-11-24', Date.UTC(2026, 10, 24)],
  [new Date(7), 7],
  [Number.POSITIVE_INFINITY, Number.POSITIVE_INFINITY],
  [Number.NaN, undefined],
  ['high', undefined],
  [null, undefined],
])('%s ranks a row as %s', (n, rank) => {
  const { rank: given, fallbacks } = made({ org: 'B', n }, { dedupe: 'n' })
  expect(given).toBe(rank)
  expect(fallbacks).toEqual(rank === undefined ? ['dedupe'] : [])
})

test.each(['soon', null, new Date(Number.NaN), {}, -9_223_372_036_854_775_808n, 1e20, '0000-01-01'])(
  '%s is no time to begin at, which is reported',
  at => {
    expect(made({ org: 'B', at }, { startsAt: 'at' })).toMatchObject({
      startsAtMs: undefined,
      fallbacks: ['startsAt'],
    })
  },
)
