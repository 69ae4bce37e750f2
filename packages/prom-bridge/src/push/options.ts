import { BridgeError, invalidOption } from '../errors.js'
import { checkTimers } from '../timers.js'
import type { RemoteWriteOptions } from './types.js'

/** The options of a remote write, checked and complete; the URL has no secrets of its own any more. */
export type CheckedOptions = RemoteWriteOptions &
  Required<Pick<RemoteWriteOptions, 'intervalMs' | 'timeoutMs' | 'labels' | 'headers' | 'fetch' | 'now'>> & {
    readonly retry: Required<NonNullable<RemoteWriteOptions['retry']>>
  }

const urlWanted = 'an http:// or https:// URL'

/**
 * Checks the options; `taken` are the names of labels that the series have already. Throws `INVALID_OPTION`, which has neither the URL
 * nor a header, as secrets may be in them.
 */
export function checkedOptions(options: RemoteWriteOptions, taken: readonly string[]): CheckedOptions {
  const { intervalMs = 15_000, timeoutMs = 30_000, labels = {} } = options
  const { initialMs = 250 } = options.retry ?? {}
  const { url, headers } = addressOf(options.url, options.headers ?? {})
  checkTimers({ intervalMs, timeoutMs, 'retry.initialMs': initialMs })
  for (const [name, value] of Object.entries(labels)) {
    if (!/^[a-zA-Z_][a-zA-Z0-9_]*$/.test(name) || name.startsWith('__'))
      throw invalidOption('labels', labels, 'names of letters, digits and _, and no digit or __ first')
    if (typeof value !== 'string') throw invalidOption(`labels.${name}`, value, 'a text')
    if (taken.includes(name))
      throw new BridgeError(
        'INVALID_OPTION',
        `labels.${name} is a label that series have already: those without it would be taken for others. Choose another name for it.`,
      )
  }
  return {
    ...options,
    url,
    headers,
    intervalMs,
    timeoutMs,
    retry: { initialMs },
    labels,
    fetch: options.fetch ?? globalThis.fetch,
    now: options.now ?? Date.now,
  }
}

/** No request can be made to a URL with a password: it goes where HTTP has it, into a header. */
function addressOf(
  given: unknown,
  headers: Readonly<Record<string, string>>,
): Pick<CheckedOptions, 'url' | 'headers'> {
  if (typeof given !== 'string' || !/^https?:\/\//.test(given) || !URL.canParse(given))
    throw hidden('url', urlWanted)
  for (const [name, value] of Object.entries(headers))
    if (!isHeader(name, value)) throw hidden(`headers.${name}`, 'the value of a header')
  const url = new URL(given)
  const { username, password } = url
  if (username === '' && password === '') return { url: given, headers }
  if (Object.keys(headers).some(name => name.toLowerCase() === 'authorization'))
    throw hidden('headers.authorization', 'nothing where the url has a user')
  const user = decoded(username)
  const secret = decoded(password)
  if (user === undefined || secret === undefined) throw hidden('url', `${urlWanted}, with %25 for a %`)
  url.username = ''
  url.password = ''
  const authorization = `Basic ${Buffer.from(`${user}:${secret}`).toString('base64')}`
  return { url: url.href, headers: { ...headers, authorization } }
}

function hidden(name: string, wanted: string): BridgeError {
  return new BridgeError(
    'INVALID_OPTION',
    `${name} cannot be used (not shown: it may hold a password). It takes ${wanted}.`,
  )
}

function isHeader(name: string, value: unknown): boolean {
  if (typeof value !== 'string') return false
  try {
    return new Headers([[name, value]]).has(name)
  } catch {
    return false
  }
}

function decoded(text: string): string | undefined {
  try {
    return decodeURIComponent(text)
  } catch {
    return undefined
  }
}
