/** What a picture of a scenario shows. */
export interface Picture {
  readonly title: string
  readonly from: number
  readonly to: number
  /** When events are sent, in epoch milliseconds. */
  readonly times: readonly number[]
  /** What must fire, and when; `Infinity` for no end. */
  readonly alerts: readonly {
    readonly name: string
    readonly firesAtMs: number
    readonly resolvesAtMs: number
  }[]
}

const width = 720
const left = 150
const plot = { top: 40, height: 120 }
const rowHeight = 22
const bucketMs = 5000
const ink = '#24292f'
const faint = '#8c959f'
const blue = '#4c78a8'
const red = '#d1495b'

/** Events per second in bars, and under them a row of intervals for each alert, as SVG. */
export function draw({ title, from, to, times, alerts }: Picture): string {
  const x = (ms: number): number => left + ((Math.min(ms, to) - from) / (to - from)) * (width - left - 30)
  const buckets = new Map<number, number>()
  for (const ms of times) {
    const bucket = Math.floor((ms - from) / bucketMs)
    buckets.set(bucket, (buckets.get(bucket) ?? 0) + 1)
  }
  const most = Math.max(...buckets.values()) / (bucketMs / 1000)
  const bottom = plot.top + plot.height
  const names = [...new Set(alerts.map(({ name }) => name))].sort()
  const height = bottom + 34 + names.length * rowHeight + 8
  const text = (at: number, y: number, words: string, more = ''): string =>
    `<text x="${round(at)}" y="${round(y)}"${more}>${words}</text>`
  const bars = [...buckets].map(([bucket, count]) => {
    const startMs = from + bucket * bucketMs
    const size = (count / (bucketMs / 1000) / most) * plot.height
    const wide = x(startMs + bucketMs) - x(startMs) - 0.5
    return `<rect x="${round(x(startMs))}" y="${round(bottom - size)}" width="${round(wide)}" height="${round(size)}" fill="${blue}"/>`
  })
  const minutes = Array.from({ length: Math.floor((to - from) / 60_000) + 1 }, (_, minute) => {
    const at = x(from + minute * 60_000)
    return `<path d="M${round(at)} ${plot.top}V${height - 8}" stroke="${faint}" stroke-opacity=".3"/>${text(at, bottom + 16, `${minute} min`, ` fill="${faint}" text-anchor="middle"`)}`
  })
  const rows = names.flatMap((name, row) => {
    const y = bottom + 30 + row * rowHeight
    const label = text(left - 8, y + 12, name, ' text-anchor="end"')
    const own = alerts.filter(alert => alert.name === name)
    return [
      label,
      ...own.map(({ firesAtMs, resolvesAtMs }) => {
        const wide = Math.max(1, x(resolvesAtMs) - x(firesAtMs))
        return `<rect x="${round(x(firesAtMs))}" y="${y}" width="${round(wide)}" height="14" rx="2" fill="${red}"/>`
      }),
    ]
  })
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" font-family="system-ui, sans-serif" font-size="12" fill="${ink}" role="img">`,
    `<title>${title}</title>`,
    `<rect width="${width}" height="${height}" fill="#ffffff"/>`,
    text(10, 20, title, ' font-weight="600"'),
    text(left - 8, plot.top + 10, `${round(most)} events/s`, ' text-anchor="end"'),
    text(left - 8, bottom, '0', ' text-anchor="end"'),
    ...minutes,
    ...bars,
    ...rows,
    '</svg>\n',
  ].join('\n')
}

function round(number: number): number {
  return Math.round(number * 10) / 10
}
