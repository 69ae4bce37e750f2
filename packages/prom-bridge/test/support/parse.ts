/** One sample as read back: labels sorted by name, so that equal sets are equal. */
interface Parsed {
  readonly name: string
  readonly labels: Readonly<Record<string, string>>
  readonly value: number
}

export interface ParsedFamily {
  readonly help: string
  readonly type: string
  readonly samples: readonly Parsed[]
}

/**
 * A strict reader of the text format 0.0.4, written from its documentation and from nothing of ours. Throws for whatever is not
 * valid: no line feed at the end, HELP or TYPE twice, a family in two places, a sample before its TYPE, unknown escapes, empty
 * label values (they would be another series' absent label), the same label or the same series twice.
 */
export function parseExposition(text: string): ReadonlyMap<string, ParsedFamily> {
  if (text === '') return new Map()
  if (!text.endsWith('\n')) throw new Error('The last line does not end with a line feed.')
  const families = new Map<string, { help: string; type: string; samples: Parsed[] }>()
  const seen = new Set<string>()
  let open = ''
  for (const line of text.slice(0, -1).split('\n')) {
    if (line === '') continue
    const meta = /^# (HELP|TYPE) ([a-zA-Z_:][a-zA-Z0-9_:]*) (.*)$/s.exec(line)
    if (meta) {
      const [, kind, name = '', rest = ''] = meta
      if (name !== open && families.has(name)) throw new Error(`${name} is in two places.`)
      open = name
      const family = families.get(name) ?? { help: '', type: '', samples: [] }
      families.set(name, family)
      if (family.samples.length > 0) throw new Error(`${kind} of ${name} comes after its samples.`)
      if (kind === 'HELP') {
        if (family.help !== '') throw new Error(`${name} has two HELP lines.`)
        family.help = unescaped(rest, '\\n')
      } else {
        if (family.type !== '') throw new Error(`${name} has two TYPE lines.`)
        if (!['counter', 'gauge', 'histogram', 'summary', 'untyped'].includes(rest))
          throw new Error(`${rest} is no type.`)
        family.type = rest
      }
      continue
    }
    if (line.startsWith('#')) throw new Error(`A comment that nobody wrote: ${line}`)
    const sample = parseSample(line)
    const family = families.get(open)
    if (!family || family.type === '' || !belongs(sample.name, open, family.type))
      throw new Error(`A sample outside its family: ${line}`)
    const key = seriesKey(sample)
    if (seen.has(key)) throw new Error(`A series twice: ${key}`)
    seen.add(key)
    family.samples.push(sample)
  }
  return families
}

/** The samples of a family by their labels, as plain data to compare. */
export function samplesOf(text: string, name: string): Readonly<Record<string, number>> | undefined {
  const family = parseExposition(text).get(name)
  if (!family) return undefined
  return Object.fromEntries(
    family.samples.map(sample => [seriesKey(sample).slice(name.length), sample.value]),
  )
}

function seriesKey({ name, labels }: Pick<Parsed, 'name' | 'labels'>): string {
  const sorted = Object.entries(labels).sort(([a], [b]) => (a < b ? -1 : 1))
  return name + JSON.stringify(Object.fromEntries(sorted))
}

function belongs(name: string, family: string, type: string): boolean {
  if (name === family) return true
  return (
    (type === 'histogram' || type === 'summary') && /^_(bucket|sum|count)$/.test(name.slice(family.length))
  )
}

function parseSample(line: string): Parsed {
  const name = /^[a-zA-Z_:][a-zA-Z0-9_:]*/.exec(line)?.[0]
  if (name === undefined) throw new Error(`No name: ${line}`)
  let at = name.length
  const labels: Record<string, string> = Object.create(null) as Record<string, string>
  if (line[at] === '{') {
    at++
    while (line[at] !== '}') {
      const label = /^([a-zA-Z_][a-zA-Z0-9_]*)="/.exec(line.slice(at))
      if (!label?.[1]) throw new Error(`No label at ${at}: ${line}`)
      at += label[0].length
      const start = at
      while (line[at] !== '"') {
        if (at >= line.length) throw new Error(`A label value does not end: ${line}`)
        at += line[at] === '\\' ? 2 : 1
      }
      const value = unescaped(line.slice(start, at), '\\n"')
      if (value === '') throw new Error(`An empty label value: ${line}`)
      if (label[1] in labels) throw new Error(`A label twice: ${line}`)
      labels[label[1]] = value
      at++
      if (line[at] === ',') at++
      else if (line[at] !== '}') throw new Error(`No comma at ${at}: ${line}`)
    }
    at++
  }
  if (line[at] !== ' ') throw new Error(`No blank before the value: ${line}`)
  return { name, labels: { ...labels }, value: parseValue(line.slice(at + 1), line) }
}

function parseValue(text: string, line: string): number {
  if (text === 'NaN') return Number.NaN
  if (text === '+Inf') return Number.POSITIVE_INFINITY
  if (text === '-Inf') return Number.NEGATIVE_INFINITY
  if (!/^-?\d+(\.\d+)?(e[+-]\d+)?$/.test(text)) throw new Error(`No value: ${line}`)
  return Number(text)
}

function unescaped(text: string, allowed: string): string {
  return text.replace(/\\(.?)/gs, (_match, character: string) => {
    if (character === '' || !allowed.includes(character)) throw new Error(`An unknown escape in ${text}`)
    return character === 'n' ? '\n' : character
  })
}
