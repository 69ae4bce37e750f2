import { commandComplete, message } from '../wire/backend.js'
import { type Frame, framesOf } from '../wire/frames.js'

/** What is changed in PostgreSQL's answer on its way to the client. */
export interface Changes {
  /** New command tags, in order; undefined leaves one as it is. */
  readonly tags?: readonly (string | undefined)[]
  /** For each Close that was sent, whether the engine added it: its CloseComplete is nobody's. */
  readonly closes?: readonly boolean[]
  /** What the engine puts before the names of this client's statements. */
  readonly prefix?: string
}

/** An answer to a client: its messages, without those that it must not see. */
export interface Answer {
  readonly parts: Buffer[]
  /** The CopyInResponse, which the engine sends at its own time. */
  readonly opening: Buffer | undefined
}

/** Takes CopyInResponse and ReadyForQuery out of an answer, and makes the changes. */
export function answerParts(answer: Buffer, { tags = [], closes = [], prefix }: Changes = {}): Answer {
  const parts: Buffer[] = []
  let opening: Buffer | undefined
  let tagged = 0
  let closed = 0
  let start = 0
  let at = 0
  const replace = (by: readonly Buffer[], end: number): void => {
    if (at > start) parts.push(answer.subarray(start, at))
    parts.push(...by)
    start = end
  }
  for (const frame of framesOf(answer)) {
    const end = at + 5 + frame.body.length
    if (frame.type === 'G') {
      opening = answer.subarray(at, end)
      replace([], end)
    } else if (frame.type === 'Z') replace([], end)
    else if (frame.type === 'C') {
      const tag = tags[tagged++]
      if (tag !== undefined) replace([commandComplete(tag)], end)
    } else if (frame.type === 's' || frame.type === 'I') {
      // A portal that was not finished, or is empty, has no tag.
      tagged++
    } else if (frame.type === '3') {
      if (closes[closed++]) replace([], end)
    } else if (frame.type === 'E' && prefix !== undefined) replace([withoutPrefix(frame, prefix)], end)
    at = end
  }
  if (at > start) parts.push(answer.subarray(start, at))
  return { parts, opening }
}

/** PostgreSQL's message with the client's own name of its statement. */
function withoutPrefix({ type, body }: Frame, prefix: string): Buffer {
  const text = body.toString('latin1').replaceAll(`"${prefix}`, '"')
  return message(type, writer => writer.latin1(text))
}
