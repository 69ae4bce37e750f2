/**
 * What keeps an open page current: it takes over the sections that `/events` sends, and tells times relative to now.
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
const on = {
  hello: ({ page }) => {
    if (page !== body.dataset.page) location.reload()
  },
  view: ({ index, html, say }) => {
    const section = $('view-' + index)
    if (!section) return
    const wasOpen = section.querySelector('details')?.open
    section.innerHTML = html
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
