import { expect, it } from 'vitest'
import { engineFor } from '../support/engine.js'
import { OpenStream } from '../support/stream.js'
import { until } from '../support/wait.js'

const copy = 'copy (tail quotient with (progress)) to stdout'

it('L2: who comes while a view fails under TAIL gets the good rows, and then the same sums as all', async () => {
  await using engine = await engineFor({ generation: 'tail' })
  await engine.execute(
    'create table divisors (x int); insert into divisors values (1); create view quotient as select 10 / x as y from divisors',
  )
  const early = await OpenStream.accepted(engine.port, copy)
  await early.shows('10')
  await engine.execute('insert into divisors values (0)')
  await until(() => engine.events.some(event => event.type === 'evaluation-failed'), 'the failure')
  const late = await OpenStream.accepted(engine.port, copy)
  await late.shows('10')
  await engine.execute('delete from divisors where x = 0; update divisors set x = 2')
  for (const stream of [early, late]) {
    await stream.shows('5')
    expect(stream.changes.map(({ diff, line }) => [diff, line])).toEqual([
      [1, '10'],
      [1, '5'],
      [-1, '10'],
    ])
  }
})
