import type { Transition } from '../series/transitions.js'
import type { ViewState } from '../types.js'
import { escapeHtml, timeTag, valueCell } from './cells.js'
import { countAlerts, type RowModel, type ViewModel } from './model.js'
import { script } from './script.js'
import { style } from './style.js'

/** Transitions in sight; the others are one click away. */
const transitionsInSight = 6

const stateTexts: Readonly<Record<ViewState, string>> = {
  starting: 'waiting for the first snapshot',
  live: 'live',
  stale: 'disconnected, last known state',
  blocked: 'held back, last good state',
  failed: 'stopped, last known state',
}

/** The whole page. Says everything without its script, which only keeps it current. All text from rows is escaped. */
export function pageHtml(views: readonly ViewModel[], nowMs: number): string {
  const sections = views.map(
    (view, index) =>
      `<section class="view" id="view-${index}" aria-labelledby="name-${index}">${viewHtml(view, index, behindText(view, nowMs))}</section>`,
  )
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<link rel="icon" href="data:,">
<title>${titleText(views)}</title>
<style>${style}</style>
</head>
<body data-now="${nowMs}" data-page="${escapeHtml(pageKey(views))}">
<header class="top">
<h1 id="summary" class="${summaryClass(views)}">${summaryText(views)}</h1>
<p id="link" class="link"><noscript>Reload for the current state. </noscript>As of ${timeTag(nowMs, 'plain')}</p>
</header>
<p id="say" class="unseen" role="status" aria-live="polite"></p>
<main>
${sections.join('\n')}
</main>
<footer><a href="metrics">Metrics</a> <a href="-/ready">Readiness</a></footer>
<script>${script}</script>
</body>
</html>
`
}

/** What stands inside a view's section. The same for the same `version`; `behind` is told apart from it while the page is open. */
export function viewHtml(view: ViewModel, index: number, behind = ''): string {
  const problem = view.problem === undefined ? '' : `<p class="problem">${escapeHtml(view.problem)}</p>`
  return `<header><h2 id="name-${index}">${escapeHtml(view.view)}</h2>
<p class="state ${view.state}">${stateTexts[view.state]}<span class="behind">${behind}</span></p></header>
<p class="help">${escapeHtml(view.help)}</p>${problem}
${view.state === 'starting' ? '' : tableHtml(view, index) + transitionsHtml(view)}`
}

/** How far a view is behind, for after its state. */
export function behindText({ state, frontierMs }: ViewModel, nowMs: number): string {
  if (frontierMs === undefined || state === 'failed') return ''
  const seconds = Math.max(0, (nowMs - frontierMs) / 1000)
  return `, ${seconds < 10 ? seconds.toFixed(1) : Math.round(seconds)} s behind`
}

/** What the page is called in a tab. */
export function titleText(views: readonly ViewModel[]): string {
  const count = countAlerts(views)
  return `${count > 0 ? `(${count}) ` : ''}Alerts`
}

/** The page's first line: the answer to what one came for. Silence is only said where it is known. */
export function summaryText(views: readonly ViewModel[]): string {
  const count = countAlerts(views)
  if (count > 0) return `${count} alert${count === 1 ? '' : 's'} firing`
  return views.every(({ state }) => state === 'live') ? 'No alerts firing' : 'No alerts known to fire'
}

export function summaryClass(views: readonly ViewModel[]): string {
  if (countAlerts(views) > 0) return 'firing'
  return views.every(({ state }) => state === 'live') ? 'quiet' : 'unknown'
}

/** Whether a page that is open somewhere still fits: the views, in their order. */
export function pageKey(views: readonly ViewModel[]): string {
  return views.map(({ view }) => encodeURIComponent(view)).join(' ')
}

/** What happened, as a sentence for those who listen to the page. */
export function announcement(view: ViewModel, { to, values }: Transition): string {
  return `${view.view}: ${describe(values)} ${wordFor(view, to)}.`
}

function tableHtml(view: ViewModel, index: number): string {
  const { isAlert, labelNames, rows, total } = view
  if (total === 0) return `<p class="none">${isAlert ? 'Nothing is firing.' : 'No rows.'}</p>`
  const heads = [...labelNames, ...(isAlert ? [] : ['value']), isAlert ? 'firing' : 'present']
  const kinds = heads.map((_, column) => (column < labelNames.length ? '' : ' class="number"'))
  const more = total > rows.length ? `<p class="more">The newest ${rows.length} of ${total}.</p>` : ''
  return `<div class="wide"><table class="${isAlert ? 'alerts' : 'measurements'}" aria-labelledby="name-${index}">
<thead><tr>${heads.map((head, column) => `<th scope="col"${kinds[column]}>${escapeHtml(head)}</th>`).join('')}</tr></thead>
<tbody>${rows.map(row => rowHtml(view, row)).join('\n')}</tbody>
</table></div>${more}`
}

function rowHtml({ isAlert, labelNames }: ViewModel, row: RowModel): string {
  const cells = labelNames.map((name, column) => valueCell(name, row.values[column] ?? null))
  if (!isAlert) cells.push(`<td class="number" data-head="value">${escapeHtml(String(row.value))}</td>`)
  const since = timeTag(row.sinceMs, row.isSinceExact ? 'since' : 'before')
  return `<tr>${cells.join('')}<td class="number" data-head="${isAlert ? 'firing' : 'present'}">${since}</td></tr>`
}

function transitionsHtml(view: ViewModel): string {
  const items = view.transitions.map(
    ({ to, values, atMs }) =>
      `<li class="${view.isAlert ? to : 'measurement'}"><span class="what">${wordFor(view, to)}</span> <span class="who" dir="auto">${escapeHtml(describe(values))}</span> ${timeTag(atMs, 'ago')}</li>`,
  )
  if (items.length === 0) return '<h3>Last transitions</h3><p class="none">None since the start.</p>'
  const hidden = items.slice(transitionsInSight)
  const rest =
    hidden.length === 0
      ? ''
      : `<details><summary>${hidden.length} earlier</summary><ol class="transitions">${hidden.join('\n')}</ol></details>`
  return `<h3>Last transitions</h3><ol class="transitions">${items.slice(0, transitionsInSight).join('\n')}</ol>${rest}`
}

function wordFor({ isAlert }: ViewModel, to: Transition['to']): string {
  if (isAlert) return to === 'firing' ? 'firing' : 'resolved'
  return to === 'firing' ? 'came' : 'went'
}

function describe(values: readonly (string | null)[]): string {
  const known = values.filter(value => value !== null)
  return known.length === 0 ? 'a row' : known.join(', ')
}
