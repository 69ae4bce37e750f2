import { readdirSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { type Recording as Played, type RecordedMessage, recordedBytes } from '../../src/testing/recording.js'
import type { Generation } from '../../src/types/connection.js'

export { recordedBytes as bytesOf }

const root = fileURLToPath(new URL('../fixtures/golden/', import.meta.url))
const folders: Record<Generation, string> = { subscribe: 'subscribe-v0.147', tail: 'tail-v0.26' }

export interface Recording extends Played {
  readonly name: string
  readonly generation: Generation
  readonly messages: readonly (RecordedMessage & {
    readonly text?: string
    readonly fields?: Readonly<Record<string, string>>
  })[]
  readonly truth?: readonly (readonly (string | null)[])[]
}

/** One recording by the number it begins with. */
export function recording(generation: Generation, number: string): Recording {
  const name = readdirSync(root + folders[generation]).find(file => file.startsWith(`${number}-`))
  if (!name) throw new Error(`no recording ${number} of ${generation}`)
  return read(generation, name)
}

/** Every recording of a COPY in text format, of both generations. */
export function textStreams(): readonly Recording[] {
  return (['subscribe', 'tail'] as const)
    .flatMap(generation => readdirSync(root + folders[generation]).map(name => read(generation, name)))
    .filter(({ query }) => /^COPY \((SUBSCRIBE|TAIL) .*PROGRESS.*\) TO STDOUT$/s.test(query ?? ''))
    .filter(({ query }) => !query.includes('ENVELOPE'))
}

/** How many columns the stream has, by its CopyOutResponse. */
export function columnCount({ messages }: Recording): number {
  const copyOut = messages.find(({ type }) => type === 'H')
  return copyOut ? Buffer.from(copyOut.hex, 'hex').readUInt16BE(1) : 3
}

/** The relation's columns: as described, or text where the recording does not say. */
export function relationColumns(of: Recording): readonly { name: string; oid: number }[] {
  const count = columnCount(of) - 3
  const described = of.describe?.columns
  if (described?.length === count) return described
  return Array.from({ length: count }, (_, index) => ({ name: `c${index + 1}`, oid: 25 }))
}

function read(generation: Generation, name: string): Recording {
  return {
    ...(JSON.parse(readFileSync(`${root}${folders[generation]}/${name}`, 'utf8')) as Recording),
    generation,
  }
}
