import { mkdirSync, writeFileSync } from 'node:fs'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { type Bridge, bridge } from '../../src/bridge/bridge.js'
import { Browser } from '../support/browser.js'
import { alert, alertLabels, batch, TestSource, update } from '../support/source.js'

/** With this in the environment the pictures of the documentation are taken anew. */
const takesPictures = process.env['MZALERT_PICTURES'] !== undefined
const pictures = new URL('../../../../docs/images/', import.meta.url)

let browser: Browser
let source: TestSource
let made: Bridge
let server: Server
let url: string

beforeAll(async () => {
  browser = await Browser.start()
})
afterAll(() => browser.close())
beforeEach(async () => {
  source = new TestSource()
  source.status = { phase: 'live', reconnects: 0 }
  made = bridge({
    views: [{ view: 'organization_alert', help: 'Alerts that fire now', labels: alertLabels, source }],
  })
  server = createServer(made.handler)
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`
})
afterEach(async () => {
  await made.close()
  server.closeAllConnections()
  await new Promise(resolve => server.close(resolve))
})

async function until(condition: () => Promise<boolean>): Promise<void> {
  while (!(await condition().catch(() => false))) await new Promise(resolve => setTimeout(resolve, 20))
}

/** The texts of the first column, of rows that are in sight. */
const column = (index: number): Promise<readonly string[]> =>
  browser.evaluate(
    `[...document.querySelectorAll('tbody tr')].filter(row => !row.hidden).map(row => row.cells[${index}].textContent)`,
  )
const text = (selector: string): Promise<string> =>
  browser.evaluate(`document.querySelector(${JSON.stringify(selector)})?.textContent ?? ''`)

async function opened(count: number): Promise<void> {
  const now = Date.now()
  await source.snapshot([], now - 120_000)
  const names = Array.from({ length: count }, (_, index) => `org ${String(index).padStart(4, '0')}`)
  if (count > 0)
    await source.changes(...names.map((name, index) => update(alert(name), 1, now - 90_000 + index)))
  await source.push(batch('progress', [], now))
  await browser.open(url)
  await until(async () => (await text('#link')) === 'Updated as it happens')
}

describe.each([
  [0, 'No alerts firing', 0],
  [4, '4 alerts firing', 4],
  [5000, '5000 alerts firing', 200],
])('in a real browser, with %i alerts', (count, summary, rows) => {
  test('the page says how many fire and shows the newest, and its own policy refuses nothing of it', async () => {
    await opened(count)
    expect(await text('#summary')).toBe(summary)
    expect(await column(1)).toHaveLength(rows)
    expect((await text('.more')) === 'The newest 200 of 5000.').toBe(count > rows)
    expect(browser.problems).toEqual([])
    if (!takesPictures) return
    mkdirSync(pictures, { recursive: true })
    writeFileSync(new URL(`page-${count}.png`, pictures), await browser.screenshot())
  })

  test('everything that can be used has a name for those who do not see it', async () => {
    await opened(count)
    const told = await browser.accessible()
    expect(told).toContain(`heading ${summary}`)
    expect(told).toContain('heading organization_alert')
    expect(told).toContain('searchbox Filter the rows')
    const useful = /^(button|link|searchbox|table|heading|region|columnheader)\b/
    expect(told.filter(one => useful.test(one) && !one.includes(' '))).toEqual([])
    if (rows > 0)
      expect(told).toEqual(expect.arrayContaining(['table organization_alert', 'button organization']))
    expect(await browser.evaluate('document.documentElement.lang')).toBe('en')
  })
})

test('in a real browser rows are sorted by a column and filtered by a text, and stay so when an alert fires', async () => {
  await opened(4)
  const click = 'document.querySelectorAll("thead button")[1].click()'
  await browser.evaluate(click)
  expect(await column(1)).toEqual(['org 0000', 'org 0001', 'org 0002', 'org 0003'])
  await browser.evaluate(click)
  expect(await column(1)).toEqual(['org 0003', 'org 0002', 'org 0001', 'org 0000'])
  expect(await browser.evaluate('document.querySelectorAll("thead th")[1].getAttribute("aria-sort")')).toBe(
    'descending',
  )
  await source.changes(update(alert('org 0009'), 1, Date.now()))
  await until(async () => (await column(1)).length === 5)
  expect((await column(1))[0]).toBe('org 0009')
  await browser.evaluate(
    'const search = document.querySelector("input[type=search]"); search.value = "ORG 0002"; search.dispatchEvent(new Event("input"))',
  )
  expect(await column(1)).toEqual(['org 0002'])
  expect(await text('.filtered')).toBe('1 of the 5 rows above match.')
})

test('in a real browser that runs no scripts the page says the same, and how far behind it is', async () => {
  const now = Date.now()
  await source.snapshot([alert('A')], now - 60_000)
  await browser.open(url, { scripts: false })
  await until(async () => (await browser.accessible()).includes('heading 1 alert firing'))
  const told = (await browser.accessible()).join('\n')
  expect(told).toMatch(/, \d+ s behind/)
  expect(told).toContain('table organization_alert')
  expect(told).toContain('Reload for the current state.')
})
