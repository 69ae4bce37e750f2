import dns from 'node:dns'
import { onTestFinished, vi } from 'vitest'

const { lookup } = dns

type Callback = (error: Error | null, addresses?: unknown, family?: number) => void

/**
 * Until the end of the test, `answer` says the addresses of one name: a list, an error, or undefined for no answer at all. No resolver of
 * the machine is asked for it.
 */
export function resolveName(name: string, answer: () => readonly string[] | Error | undefined): void {
  const spy = vi.spyOn(dns, 'lookup').mockImplementation(((
    host: string,
    options: { all?: boolean },
    callback: Callback,
  ) => {
    if (host !== name) return Reflect.apply(lookup, dns, [host, options, callback])
    const given = answer()
    if (given === undefined) return
    setImmediate(() => {
      if (given instanceof Error) callback(given)
      else if (options.all)
        callback(
          null,
          given.map(address => ({ address, family: 4 })),
        )
      else callback(null, given[0], 4)
    })
  }) as never)
  onTestFinished(() => spy.mockRestore())
}
