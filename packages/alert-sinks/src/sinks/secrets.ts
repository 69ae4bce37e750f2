/** Shorter texts are no secrets, and would be found in anything. */
const leastLength = 6

/** A text without what must not be shown. */
export function redacted(text: string, secrets: readonly string[]): string {
  return secrets
    .filter(secret => secret.length >= leastLength)
    .toSorted((a, b) => b.length - a.length)
    .reduce((shown, secret) => shown.replaceAll(secret, '***'), text)
}

/** What of a URL may be a secret: its path and query, each part of them as well, and who logs in. */
export function secretsOf(url: URL): readonly string[] {
  const { href, pathname, search, searchParams, username, password } = url
  const parts = [...pathname.split('/'), ...search.slice(1).split(/[&=]/), username, password]
  return [
    href,
    `${pathname}${search}`,
    pathname,
    search.slice(1),
    ...searchParams.values(),
    ...parts.flatMap(readings),
  ]
}

/** A header, and each word of it: after `Bearer` comes the secret alone. */
export function secretsOfHeader(value: string): readonly string[] {
  return [value, ...value.split(/[\s,;=]+/)]
}

/** As it is written, and what that means. */
export function readings(text: string): readonly string[] {
  try {
    return [text, decodeURIComponent(text)]
  } catch {
    return [text]
  }
}

/** Whether a text is a plain word, such as an error's code. */
export function isSecretFree(text: string): boolean {
  return /^[A-Z_]{3,40}$/.test(text)
}

/** A secret, or a function that gives it, so that it may change while the process runs. */
export type Secret = string | (() => string | Promise<string>)

export async function reveal(secret: Secret): Promise<string> {
  return typeof secret === 'function' ? await secret() : secret
}
