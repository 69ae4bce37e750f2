import type { Config } from './types.js'

/** Shorter secrets are hidden where they are a whole value, and not wherever their letters stand: the log would say nothing more. */
const minLength = 4

/** Names of parameters of a URL whose values are secrets. */
const secretParameter = /pass|token|secret|key|sig|auth/i

/** Everything of a configuration that must not be in a log. */
export function secretsOf({ connections, remoteWrite }: Config): readonly string[] {
  const passwords = Object.values(connections).flatMap(connection =>
    typeof connection === 'string' ? secretsOfUrl(connection) : (connection.password ?? []),
  )
  const headers = Object.values(remoteWrite?.headers ?? {}).flatMap(value => [
    value,
    value.replace(/^\S+\s+/, ''),
  ])
  const all = new Set([...passwords, ...headers, ...(remoteWrite ? secretsOfUrl(remoteWrite.url) : [])])
  // A secret may be part of another one: the longest first.
  return [...all].filter(secret => secret !== '').sort((a, b) => b.length - a.length)
}

/** Takes secrets out of texts, and of all texts in a value, before it is written down. */
export function redactor(secrets: readonly string[]): <Value>(value: Value) => Value {
  const long = secrets.filter(({ length }) => length >= minLength)
  const text = (given: string): string =>
    secrets.includes(given) ? '***' : long.reduce((shown, secret) => shown.replaceAll(secret, '***'), given)
  const redacted = (value: unknown): unknown => {
    if (typeof value === 'string') return text(value)
    if (Array.isArray(value)) return value.map(redacted)
    if (typeof value !== 'object' || value === null) return value
    return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, redacted(inner)]))
  }
  return <Value>(value: Value) => redacted(value) as Value
}

/** As it is written and as it is meant; of a URL that is not quite one, too: whatever stands before the last @. */
function secretsOfUrl(url: string): readonly string[] {
  const [address = '', query = ''] = url.split('?', 2)
  const user = /^[^:]+:\/\/(.*)@/s.exec(address)?.[1] ?? ''
  const password = user.slice(user.indexOf(':') + 1)
  const basic = user.includes(':') ? Buffer.from(decoded(user)).toString('base64') : ''
  const written = user.includes(':') ? [password, password.split('@', 1)[0] ?? ''] : []
  const parameters = query.split('&').flatMap(parameter => {
    const [name = '', value = ''] = parameter.split('=', 2)
    return secretParameter.test(name) ? [value] : []
  })
  return [...written, ...parameters].flatMap(secret => [secret, decoded(secret)]).concat(basic)
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text)
  } catch {
    return text
  }
}
