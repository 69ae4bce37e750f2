/** Longer text is cut on the page; the sample has all of it. */
const maxCharacters = 300
/** Text up to this length stays on one line. */
const shortCharacters = 24

/** Text of any origin for element content and quoted attributes. */
export function escapeHtml(text: string): string {
  return text
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replaceAll('"', '&quot;')
    .replaceAll("'", '&#39;')
}

/** A label's cell; its direction is its own, so that right-to-left text cannot reorder its neighbours. */
export function valueCell(name: string, value: string | null): string {
  const head = `data-head="${escapeHtml(name)}"`
  if (value === null) return `<td ${head} class="absent"><span aria-label="no value">–</span></td>`
  const short = value.length <= shortCharacters ? ' class="short"' : ''
  return `<td ${head}${short}><span dir="auto">${escapeHtml(cut(value))}</span></td>`
}

/**
 * A moment. Without the page's script it is the time in UTC; the script makes it relative, by `kind`:
 * `since` how long, `before` at least how long, `ago` how long ago, `plain` as it is.
 */
export function timeTag(ms: number, kind: 'since' | 'before' | 'ago' | 'plain'): string {
  const text = utc(ms)
  if (text === undefined) return escapeHtml(String(ms))
  const prefix = kind === 'since' || kind === 'before' ? `${kind} ` : ''
  return `<time datetime="${text.replace(' ', 'T')}Z" data-ms="${ms}" data-kind="${kind}">${prefix}${text} UTC</time>`
}

/** Timestamps are a server's: not each of them is a date. */
function utc(ms: number): string | undefined {
  const date = new Date(ms)
  if (Number.isNaN(date.getTime())) return undefined
  return date.toISOString().replace('T', ' ').slice(0, -5)
}

function cut(text: string): string {
  if (text.length <= maxCharacters) return text
  return `${text.slice(0, maxCharacters).replace(/\p{Surrogate}$/u, '')}… (${text.length} characters)`
}
