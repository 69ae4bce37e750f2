import { beforeEach, expect, test } from 'vitest'
import { LiveEvents, type Subscriber } from '../../src/page/events.js'
import type { ViewModel } from '../../src/page/model.js'
import { viewModel } from '../support/models.js'

class Page implements Subscriber {
  isSlow = false
  #text = ''

  readonly send = (text: string): void => {
    this.#text += text
  }

  readonly isBusy = (): boolean => this.isSlow

  /** The events since the last look. */
  take(): readonly { readonly name: string; readonly data: Record<string, unknown> }[] {
    const text = this.#text
    this.#text = ''
    return [...text.matchAll(/event: (.*)\ndata: (.*)\n\n/g)].map(([, name = '', data = '']) => ({
      name,
      data: JSON.parse(data) as Record<string, unknown>,
    }))
  }

  takeNames(): readonly string[] {
    return this.take().map(({ name }) => name)
  }
}

let models: readonly ViewModel[]
let nowMs: number
let events: LiveEvents
let page: Page

beforeEach(() => {
  models = [viewModel(), viewModel({ view: 'dim_deployments', isAlert: false })]
  nowMs = 1_645_736_480_000
  events = new LiveEvents(
    () => models,
    () => nowMs,
  )
  page = new Page()
})

function change(index: number, more: Partial<ViewModel>): void {
  models = models.map((model, at) => (at === index ? { ...model, ...more } : model))
}

test('a page that opens gets everything at once', () => {
  events.add(page)
  expect(page.takeNames()).toEqual(['hello', 'view', 'view', 'beat'])
})

test('afterwards it gets what has changed, and a beat', () => {
  events.add(page)
  page.takeNames()
  events.tick()
  expect(page.takeNames()).toEqual([])
  change(1, { version: '2 live', total: 7 })
  events.tick()
  const [view, beat] = page.take()
  expect(view).toMatchObject({ name: 'view', data: { index: 1, say: '' } })
  expect(beat?.name).toBe('beat')
})

test('while nothing changes, a beat a second says that the connection lives, and how far behind the views are', () => {
  events.add(page)
  page.takeNames()
  nowMs += 1000
  events.tick()
  expect(page.take()).toEqual([
    {
      name: 'beat',
      data: {
        now: nowMs,
        title: '(1) Alerts',
        summary: '1 alert firing',
        summaryClass: 'firing',
        behind: [', 5.0 s behind', ', 5.0 s behind'],
      },
    },
  ])
})

test('a clock that is set back does not silence the beat', () => {
  events.add(page)
  page.takeNames()
  nowMs -= 60_000
  events.tick()
  expect(page.takeNames()).toEqual(['beat'])
})

test('transitions of alerts are said in words; many at once only by their number', () => {
  events.add(page)
  page.takeNames()
  const fired = { to: 'firing', values: ['deployment_spike', null], atMs: nowMs, number: 2 } as const
  change(0, { version: '2 live', transitionsTotal: 2, transitions: [fired] })
  events.tick()
  expect(page.take()[0]?.data['say']).toBe('organization_alert: deployment_spike firing.')
  change(0, { version: '3 live', transitionsTotal: 9 })
  change(1, { version: '2 live', transitionsTotal: 5 })
  events.tick()
  expect(page.take().map(({ data }) => data['say'])).toEqual([
    'organization_alert: 7 transitions.',
    '',
    undefined,
  ])
})

test('a page that is slow is sent nothing until it can take it, and then the newest state once', () => {
  events.add(page)
  page.takeNames()
  page.isSlow = true
  for (let version = 2; version < 100; version++) {
    change(0, { version: `${version} live`, total: version })
    events.tick()
  }
  expect(page.takeNames()).toEqual([])
  page.isSlow = false
  events.tick()
  expect(page.takeNames()).toEqual(['view', 'beat'])
})

test('pages do not share what they have seen, and one that leaves is forgotten', () => {
  const late = new Page()
  events.add(page)
  const leave = events.add(late)
  expect(late.takeNames()).toEqual(['hello', 'view', 'view', 'beat'])
  leave()
  change(0, { version: '2 live' })
  page.takeNames()
  events.tick()
  expect(page.takeNames()).toEqual(['view', 'beat'])
  expect(late.takeNames()).toEqual([])
  expect(events.size).toBe(1)
})
