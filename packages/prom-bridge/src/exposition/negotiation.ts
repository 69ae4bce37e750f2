import type { Format } from './format.js'

/** One entry of an Accept header (https://www.rfc-editor.org/rfc/rfc9110#name-quality-values). */
interface Accepted {
  readonly name: string
  readonly version: string | undefined
  readonly quality: number
}

/** The format a scraper likes best; text where it has no wish, likes both alike, or takes neither. */
export function formatOf(accept: string | undefined): Format {
  const accepted = entries(accept)
  const open = accepted.filter(
    ({ name, version }) =>
      name === 'application/openmetrics-text' && (version === undefined || version === '1.0.0'),
  )
  const text = accepted.filter(
    ({ name, version }) => name === 'text/plain' && (version === undefined || version === '0.0.4'),
  )
  // Wildcards do not ask for OpenMetrics: who wants it names it.
  const textQuality = best(text) ?? best(accepted.filter(({ name }) => name === 'text/*' || name === '*/*'))
  return (best(open) ?? 0) > (textQuality ?? 0) ? 'openmetrics' : 'text'
}

/** Whether an answer may be compressed: gzip is named, or stands behind the wildcard, and is not refused. */
export function acceptsGzip(acceptEncoding: string | undefined): boolean {
  const accepted = entries(acceptEncoding)
  const named = best(accepted.filter(({ name }) => name === 'gzip' || name === 'x-gzip'))
  return (named ?? best(accepted.filter(({ name }) => name === '*')) ?? 0) > 0
}

function best(accepted: readonly Accepted[]): number | undefined {
  return accepted.length === 0 ? undefined : Math.max(...accepted.map(({ quality }) => quality))
}

function entries(header: string | undefined): readonly Accepted[] {
  return (header ?? '').split(',').map(entry => {
    const [name = '', ...parameters] = entry.split(';').map(part => part.trim().toLowerCase())
    const parameter = (wanted: string): string | undefined =>
      parameters
        .find(each => each.startsWith(`${wanted}=`))
        ?.slice(wanted.length + 1)
        .replaceAll('"', '')
    const quality = parameter('q')
    const number = quality === undefined ? 1 : Number(quality)
    return { name, version: parameter('version'), quality: number >= 0 && number <= 1 ? number : 0 }
  })
}
