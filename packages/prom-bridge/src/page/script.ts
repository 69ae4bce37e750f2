/**
 * What keeps an open page current: it takes over the sections that `/events` sends, tells times relative to now, and lets the rows that
 * are shown be sorted by a column and filtered by a text.
 * The markup comes from the server, which has escaped it; without the script the page says the same, once.
 */
export const script = `(() => {
'use strict'
const $ = id => document.getElementById(id)
const body = document.body
let skewMs = Number(body.dataset.now) - Date.now()
let beaten = 0

const span = ms => {
  const s = Math.max(0, Math.floor(ms / 1000))
  if (s < 60) return s + ' s'
  if (s < 3600) return Math.floor(s / 60) + ' min ' + (s % 60) + ' s'
  if (s < 86400) return Math.floor(s / 3600) + ' h ' + Math.floor(s % 3600 / 60) + ' min'
  return Math.floor(s / 86400) + ' d ' + Math.floor(s % 86400 / 3600) + ' h'
}
const tell = {
  since: ms => 'for ' + span(ms),
  before: ms => 'for over ' + span(ms),
  ago: ms => span(ms) + ' ago',
}
const tellTimes = () => {
  const now = Date.now() + skewMs
  for (const time of document.querySelectorAll('time')) {
    const words = tell[time.dataset.kind]
    if (!words) continue
    if (!time.title) time.title = new Date(Number(time.dataset.ms)).toLocaleString()
    const text = words(now - Number(time.dataset.ms))
    if (time.textContent !== text) time.textContent = text
  }
}
const link = (state, text) => {
  const line = $('link')
  line.className = 'link ' + state
  if (line.textContent !== text) line.textContent = text
}
const sorts = new Map()
let filter = ''
const valueOf = cell => {
  const time = cell.querySelector('time')
  if (time) return -Number(time.dataset.ms)
  const text = cell.textContent
  return cell.classList.contains('number') && text !== '' && !isNaN(text) ? Number(text) : text
}
const compare = (a, b) => typeof a === 'number' && typeof b === 'number' ? a - b : String(a).localeCompare(String(b))
const arrange = section => {
  const table = section.querySelector('table')
  if (!table) return
  const tbody = table.tBodies[0]
  const sort = sorts.get(section.id)
  if (sort) {
    const rows = [...tbody.rows].map(row => [valueOf(row.cells[sort.column]), row])
    rows.sort(([a], [b]) => compare(a, b) * sort.sign)
    tbody.append(...rows.map(([, row]) => row))
  }
  let shown = 0
  for (const row of tbody.rows) {
    const said = [...row.cells].filter(cell => !cell.querySelector('time')).map(cell => cell.textContent)
    row.hidden = !said.join(' ').toLowerCase().includes(filter)
    shown += row.hidden ? 0 : 1
  }
  section.querySelector('.filtered')?.remove()
  if (filter) {
    const note = document.createElement('p')
    note.className = 'more filtered'
    note.textContent = shown + ' of the ' + tbody.rows.length + ' rows above match.'
    table.parentElement.after(note)
  }
}
const enhance = section => {
  const heads = [...section.querySelectorAll('thead th')]
  heads.forEach((head, column) => {
    const button = document.createElement('button')
    button.type = 'button'
    button.append(...head.childNodes)
    head.append(button)
    const mark = () => {
      const sort = sorts.get(section.id)
      heads.forEach((each, index) => each.setAttribute('aria-sort', sort?.column === index ? (sort.sign > 0 ? 'ascending' : 'descending') : 'none'))
    }
    button.addEventListener('click', () => {
      const sort = sorts.get(section.id)
      sorts.set(section.id, { column, sign: sort?.column === column ? -sort.sign : 1 })
      mark()
      arrange(section)
    })
    if (column === 0) mark()
  })
  arrange(section)
}
const search = document.createElement('input')
search.type = 'search'
search.placeholder = 'Filter the rows'
search.setAttribute('aria-label', 'Filter the rows')
search.addEventListener('input', () => {
  filter = search.value.trim().toLowerCase()
  document.querySelectorAll('section').forEach(arrange)
})
document.querySelector('.top').append(search)
document.querySelectorAll('section').forEach(enhance)
const on = {
  hello: ({ page }) => {
    if (page !== body.dataset.page) location.reload()
  },
  view: ({ index, html, say }) => {
    const section = $('view-' + index)
    if (!section) return
    const wasOpen = section.querySelector('details')?.open
    const focused = [...section.querySelectorAll('thead button')].indexOf(document.activeElement)
    section.innerHTML = html
    enhance(section)
    if (focused >= 0) section.querySelectorAll('thead button')[focused]?.focus()
    const details = section.querySelector('details')
    if (details && wasOpen) details.open = true
    if (say) $('say').textContent = say
    tellTimes()
  },
  beat: ({ now, title, summary, summaryClass, behind }) => {
    skewMs = now - Date.now()
    beaten = Date.now()
    document.title = title
    const line = $('summary')
    line.className = summaryClass
    if (line.textContent !== summary) line.textContent = summary
    behind.forEach((text, index) => {
      const place = $('view-' + index)?.querySelector('.behind')
      if (place) place.textContent = text
    })
    link('on', 'Updated as it happens')
  },
}
const connect = () => {
  const events = new EventSource('events')
  for (const [name, handle] of Object.entries(on))
    events.addEventListener(name, event => handle(JSON.parse(event.data)))
  events.onerror = () => {
    link('off', 'Connection lost, trying again')
    if (events.readyState === EventSource.CLOSED) setTimeout(connect, 3000)
  }
}
connect()
setInterval(() => {
  tellTimes()
  if (beaten && Date.now() - beaten > 10000) link('off', 'Nothing heard for ' + span(Date.now() - beaten))
}, 1000)
tellTimes()
})()`
