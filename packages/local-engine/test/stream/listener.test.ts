import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { accumulate, countLines, difference } from '../../src/evaluate/multiset.js'
import { listening } from '../support/listening.js'
import { contents, type StreamRow } from '../support/stream.js'

describe('the first rows', () => {
  it('SUBSCRIBE says AS OF, the snapshot, and that it is complete', () => {
    const { listener, text, frames } = listening()
    listener.begin(10n, [['a', 2]])
    expect(text()).toEqual(['<10', '10 2 a', '<11'])
    expect(frames()[0]?.type).toBe('H')
  })

  it('TAIL says the snapshot, and that it is complete', () => {
    const { listener, text } = listening({}, 'tail')
    listener.begin(10n, [['a', 1]])
    expect(text()).toEqual(['10 1 a', '<11'])
  })

  it('without a snapshot only progress is said', () => {
    const { listener, text } = listening({ snapshot: false })
    listener.begin(10n, [['a', 1]])
    listener.update(12n, [['b', 1]])
    expect(text()).toEqual(['<10', '<11', '12 1 b', '<13'])
  })

  it('without progress only rows are said', () => {
    const { listener, text } = listening({ progress: false })
    listener.begin(10n, [['a', 1]])
    listener.advance(5000n)
    listener.update(5000n, [['a', -1]])
    expect(text()).toEqual(['10 1 a', '5000 -1 a'])
  })
})

describe('progress', () => {
  it('is said when it is due, and not at every evaluation', () => {
    const { listener, outlet, text } = listening()
    listener.begin(10n, [])
    listener.advance(20n)
    expect(text()).toEqual(['<10', '<11'])
    outlet.now = 900
    listener.advance(30n)
    listener.advance(31n)
    expect(text()).toEqual(['<10', '<11', '<30'])
  })
})

describe('UP TO', () => {
  it('that has passed before the first evaluation is an error, and not a stream that seems to be empty', () => {
    const { listener, text, endings } = listening({ upTo: 20n })
    listener.begin(21n, [['a', 1]])
    expect(text()).toEqual([])
    expect(endings).toMatchObject([{ kind: 'failed', failure: { code: '22000' } }])
  })

  it('ends after the last progress, and leaves out what is not before it', () => {
    const { listener, text, endings } = listening({ upTo: 20n })
    listener.begin(10n, [['a', 1]])
    listener.update(19n, [['b', 1]])
    expect(text()).toEqual(['<10', '10 1 a', '<11', '19 1 b', '<20'])
    expect(endings).toEqual([{ kind: 'complete', rows: 5 }])
    listener.update(21n, [['c', 1]])
    expect(endings).toHaveLength(1)
  })

  it('waits for a slow client before it ends', () => {
    const { listener, outlet, endings, text } = listening({ upTo: 20n })
    listener.begin(10n, [])
    outlet.open = false
    listener.update(15n, [['a', 1]])
    listener.update(16n, [['b', 1]])
    listener.update(25n, [['c', 1]])
    expect(endings).toEqual([])
    outlet.open = true
    listener.drained()
    expect(text()).toEqual(['<10', '<11', '15 1 a', '16 1 b', '<26'])
    expect(endings).toEqual([{ kind: 'complete', rows: 5 }])
  })
})

describe('a client that does not read', () => {
  it('is written nothing, and gets the sum when it reads again', () => {
    const { listener, outlet, text } = listening()
    outlet.open = false
    listener.begin(10n, [['a', 1]])
    listener.update(12n, [
      ['a', -1],
      ['b', 1],
    ])
    listener.update(14n, [
      ['b', -1],
      ['c', 1],
    ])
    expect(text()).toEqual([])
    outlet.open = true
    listener.drained()
    expect(text()).toEqual(['<10', '10 1 a', '14 -1 a', '14 1 c', '<15'])
  })

  it('L2: has the contents of the view at every progress row, however it stalls', () => {
    const step = fc.record({
      lines: fc.array(fc.constantFrom('a', 'b', 'c'), { maxLength: 4 }),
      open: fc.boolean(),
      drain: fc.boolean(),
    })
    fc.assert(
      fc.property(fc.array(step, { maxLength: 20 }), steps => {
        const { listener, outlet, rows } = listening()
        const truth = new Map<bigint, Map<string, number>>()
        let before = countLines([])
        listener.begin(1n, [])
        truth.set(1n, before)
        steps.forEach(({ lines, open, drain }, i) => {
          const timestamp = BigInt(i + 2)
          outlet.open = open
          const after = countLines(lines)
          const changes = difference(before, after)
          if (changes.length > 0) listener.update(timestamp, changes)
          else listener.advance(timestamp + 1n)
          truth.set(timestamp, after)
          before = after
          if (drain) listener.drained()
        })
        outlet.open = true
        // Each drain lets one chunk through where the outlet was closed again meanwhile.
        for (let i = 0; i < 3; i++) listener.drained()
        const seen: StreamRow[] = []
        let last = 0n
        for (const row of rows()) {
          expect(row.timestamp).toBeGreaterThanOrEqual(last)
          last = row.timestamp
          if (!row.progressed) seen.push(row)
          else if (row.timestamp > 1n) expect(contents(seen)).toEqual(truth.get(row.timestamp - 1n))
        }
        const sum = new Map<string, number>()
        for (const row of seen) accumulate(sum, [[row.line, row.diff]])
        expect(sum).toEqual(before)
      }),
    )
  })
})

describe('a view that never changes', () => {
  it('is said whole at the end of time, and ends', () => {
    const { listener, text, endings } = listening()
    listener.beginConstant(18446744073709551615n, [['a', 1]])
    expect(text()).toEqual(['<18446744073709551615', '18446744073709551615 1 a'])
    expect(endings).toEqual([{ kind: 'complete', rows: 2 }])
  })
})
