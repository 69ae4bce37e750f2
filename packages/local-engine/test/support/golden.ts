import { readdirSync, readFileSync } from 'node:fs'
import type { Generation } from '@mzalert/local-engine'
import type { StreamRow } from './stream.js'
import { readRow } from './stream.js'

/** A recording of a real server. */
export interface Golden {
  readonly name: string
  readonly setup?: readonly Sent[]
  readonly query?: string
  readonly steps?: readonly Sent[]
  readonly messages?: readonly Recorded[]
  readonly describes?: readonly { readonly sql: string; readonly messages: readonly Recorded[] }[]
}

interface Sent {
  readonly sql: string
  readonly reply: readonly string[]
}

interface Recorded {
  readonly type: string
  readonly hex: string
}

const folders: Readonly<Record<Generation, string>> = { tail: 'tail-v0.26', subscribe: 'subscribe-v0.147' }

/** The recording of a case by its number. */
export function golden(generation: Generation, number: string): Golden {
  const folder = new URL(`../fixtures/golden/${folders[generation]}/`, import.meta.url)
  const file = readdirSync(folder).find(name => name.startsWith(`${number}-`))
  if (file === undefined) throw new Error(`no recording ${number} of ${generation}`)
  const recording: Golden = JSON.parse(readFileSync(new URL(file, folder), 'utf8'))
  return recording
}

/** The rows that were recorded. */
export function recordedRows(recording: Golden): StreamRow[] {
  const progress = /progress/i.test(recording.query ?? '')
  const data = (recording.messages ?? []).filter(message => message.type === 'd')
  return data.map(message => readRow(Buffer.from(message.hex, 'hex'), progress))
}
