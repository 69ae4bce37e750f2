import { nextAt, type Segment, textBytesAt } from './segment.js'

/** Records that lie one after the other. */
export interface Span {
  readonly segment: Segment
  readonly from: number
  to: number
}

/** Updates of one timestamp, in the order in which they came; grows until it is closed. */
export class Run {
  readonly timestamp: bigint
  readonly spans: Span[] = []
  count = 0
  /** Length of the rows' text. */
  bytes = 0

  constructor(timestamp: bigint) {
    this.timestamp = timestamp
  }

  /** Adds the record that was appended to a log last. */
  add(segment: Segment, at: number): void {
    const to = nextAt(segment, at)
    const last = this.spans[this.spans.length - 1]
    if (last !== undefined && last.segment === segment && last.to === at) last.to = to
    else this.spans.push({ segment, from: at, to })
    this.count++
    this.bytes += textBytesAt(segment, at)
  }
}
