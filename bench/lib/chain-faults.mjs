// What a soak of the chain does to it. Everything is decided by the seed; each fault begins, lasts, and ends.
import { generator } from './random.mjs'
import { sleep } from './sleep.mjs'

/** Killed as by a power cut, and started again a moment later. */
const restarted = name => ({
  name: `${name} killed`,
  parts: [name],
  make: async ({ parts }, random) => {
    await parts[name].kill()
    await sleep(random() * 2000)
    await parts[name].start()
  },
})

/** What the proxy does between the views and everybody who streams them. */
const network = (name, make) => ({ name: `network: ${name}`, parts: ['network'], make })

const faults = [
  ...['producer', 'kafka', 'materialize', 'exporter', 'direct', 'prometheus', 'alertmanager'].map(restarted),
  network('cut', ({ proxy }) => proxy.cut()),
  network('cut in the middle of a row', async ({ proxy }, random) => {
    proxy.cutAfterBytes(1 + Math.floor(random() * 600))
    await sleep(1500)
    proxy.restore()
  }),
  network('split', async ({ proxy }, random) => {
    proxy.splitBytes = 1 + Math.floor(random() * 7)
    await sleep(3000)
    proxy.restore()
  }),
  network('stall', async ({ proxy }, random) => {
    proxy.stall()
    await sleep(random() * 3000)
    if (random() < 0.5) proxy.cut()
    proxy.restore()
  }),
  network('refuse', async ({ proxy }, random) => {
    proxy.refuse()
    await sleep(random() * 2000)
    proxy.restore()
  }),
]

/** Every fault once in each round, in an order of the seed: a short run has each kind, too. */
export function* schedule(seed) {
  for (let round = 0; ; round++) {
    const random = generator(Math.imul(seed, 0x9e3779b1) ^ Math.imul(round + 1, 0x85ebca6b))
    const left = [...faults]
    while (left.length > 0) {
      const [fault] = left.splice(Math.floor(random() * left.length), 1)
      yield { fault, random, pauseMs: random() * 3000 }
    }
  }
}
