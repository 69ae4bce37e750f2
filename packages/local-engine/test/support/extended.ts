import { message, readDataRow } from '../../src/wire/backend.js'
import type { Frame } from '../../src/wire/frames.js'

/** Messages of the extended protocol, as short as tests want them. */
export { flush, sync } from '../../src/wire/frontend.js'

export function parse(name: string, sql: string): Buffer {
  return message('P', body => body.cstring(name).cstring(sql).int16(0))
}

/** Binds no parameters; everything is text. */
export function bind(portal: string, statement: string): Buffer {
  return message('B', body => body.cstring(portal).cstring(statement).int16(0).int16(0).int16(0))
}

/** Describe ('D') or Close ('C') of a statement, or Execute ('E') of a portal without a limit. */
export function target(type: 'D' | 'C' | 'E', name = ''): Buffer {
  return message(type, body => {
    if (type === 'E') body.cstring(name).int32(0)
    else body.utf8('S').cstring(name)
  })
}

/** The first row of an answer. */
export function readDataRowFor(frames: readonly Frame[]): (string | null)[] | undefined {
  const row = frames.find(frame => frame.type === 'D')
  return row === undefined ? undefined : readDataRow(row.body)
}
