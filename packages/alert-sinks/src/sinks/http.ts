import { cut } from '../alerts/text.js'
import { SinksError, sendFailed, sendRejected } from '../errors.js'
import { type AnswerBody, beginningOf, dismiss } from './answer.js'
import { isSecretFree, readings, redacted, secretsOf, secretsOfHeader } from './secrets.js'

/** What is used of `fetch`. */
export type Fetch = (
  url: string,
  init: {
    readonly method: 'POST'
    readonly headers: Record<string, string>
    readonly body: string
    readonly signal: AbortSignal
    readonly redirect: 'manual'
  },
) => Promise<
  AnswerBody & {
    readonly status: number
    readonly headers: { get(name: string): string | null }
  }
>

/** More headers, for a proxy or a token; a function is called for every request. Their values count as secrets. */
export type Headers =
  | Readonly<Record<string, string>>
  | (() => Readonly<Record<string, string>> | Promise<Readonly<Record<string, string>>>)

export interface Post {
  /** Who is called, in messages: without any secret. */
  readonly who: string
  readonly url: string
  readonly headers?: Headers | undefined
  readonly body: string
  readonly signal: AbortSignal
  readonly fetch?: Fetch | undefined
  /** What must be in no message. */
  readonly secrets: readonly string[]
  readonly nowMs: number
  /** Whether an answer means that the alerts cannot be sent as they are. Default: 400, 413 and 422. */
  readonly isRejection?: (status: number, text: string) => boolean
}

/** What says that the alerts themselves are at fault; anything else may pass, or be repaired by who operates it. */
const rejections: ReadonlySet<number> = new Set([400, 413, 422])
const shownLength = 200
/** A body is unpacked while it is read: few bytes of it may be very many. */
const defaultHeaders = {
  'content-type': 'application/json',
  'user-agent': 'mzalert',
  'accept-encoding': 'identity',
}

/** Posts JSON and resolves when it was accepted. Throws `SEND_FAILED`, with the time that was asked for, or `SEND_REJECTED`. */
export async function post(options: Post): Promise<void> {
  const {
    who,
    url,
    body,
    signal,
    fetch = globalThis.fetch,
    nowMs,
    isRejection = status => rejections.has(status),
  } = options
  const headers = typeof options.headers === 'function' ? await options.headers() : (options.headers ?? {})
  const secrets = [...options.secrets, ...Object.values(headers).flatMap(secretsOfHeader)]
  let answer: Awaited<ReturnType<Fetch>>
  try {
    // A redirect would carry what is secret elsewhere.
    answer = await fetch(url, {
      method: 'POST',
      headers: { ...defaultHeaders, ...lowerCased(headers) },
      body,
      signal,
      redirect: 'manual',
    })
  } catch (error) {
    signal.throwIfAborted()
    throw sendFailed(`${who} could not be reached (${redacted(networkReason(error), secrets)}).`)
  }
  const { status } = answer
  if (status >= 200 && status < 300) return dismiss(answer)
  const text = await beginningOf(answer)
  const words = cut(redacted(text.trim(), secrets), shownLength)
  const sentence = `${who} answered ${status}${words === '' ? '' : `: ${words}`}.`
  if (isRejection(status, text)) throw sendRejected(sentence)
  throw sendFailed(sentence, { retryAfterMs: retryAfterMs(answer.headers.get('retry-after'), nowMs) })
}

/** How long a Retry-After asks to wait: seconds, or a date (RFC 9110, 10.2.3). At most an hour. */
export function retryAfterMs(header: string | null, nowMs: number): number | undefined {
  if (header === null) return undefined
  const ms = /^\d+(\.\d+)?$/.test(header.trim()) ? Number(header) * 1000 : Date.parse(header) - nowMs
  return Number.isNaN(ms) ? undefined : Math.min(3_600_000, Math.max(0, ms))
}

/** Where to send to. */
export interface Endpoint {
  /** Without user and password. */
  readonly url: URL
  /** The part of it that may be shown. */
  readonly origin: string
  /** User and password, if there are. */
  readonly headers: Readonly<Record<string, string>>
  /** What of it may be a secret. */
  readonly secrets: readonly string[]
}

/** An http or https URL; throws what `refuse` gives for anything else. */
export function endpoint(given: unknown, refuse: () => SinksError): Endpoint {
  if (typeof given !== 'string' || !URL.canParse(given)) throw refuse()
  const url = new URL(given)
  if (url.protocol !== 'http:' && url.protocol !== 'https:') throw refuse()
  const secrets = secretsOf(url)
  const { origin } = url
  const login = [url.username, url.password].map(each => readings(each).at(-1)).join(':')
  url.username = ''
  url.password = ''
  const headers = login === ':' ? {} : { authorization: `Basic ${Buffer.from(login).toString('base64')}` }
  return { url, origin, headers, secrets }
}

/** Both kinds of headers in one; names are the same in any case. */
export function withHeaders(own: Readonly<Record<string, string>>, more: Headers | undefined): Headers {
  if (typeof more === 'function') return async () => ({ ...own, ...lowerCased(await more()) })
  return { ...own, ...lowerCased(more ?? {}) }
}

function lowerCased(headers: Readonly<Record<string, string>>): Readonly<Record<string, string>> {
  return Object.fromEntries(Object.entries(headers).map(([name, value]) => [name.toLowerCase(), value]))
}

function networkReason(error: unknown): string {
  if (SinksError.is(error)) return error.message
  const { cause, message } = error as { readonly cause?: unknown; readonly message?: unknown }
  const code = (cause ?? error) as { readonly code?: unknown; readonly message?: unknown }
  if (typeof code?.code === 'string' && isSecretFree(code.code)) return code.code
  return String(code?.message ?? message ?? error)
}
