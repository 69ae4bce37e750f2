/** Shorter texts are no secrets, and would be found in anything. */
const leastLength = 6

/** A text without what must not be shown. */
export function redacted(text: string, secrets: readonly string[]): string {
  return secrets
    .filter(secret => secret.length >= leastLength)
    .toSorted((a, b) => b.length - a.length)
    .reduce((shown, secret) => shown.replaceAll(secret, '***'), text)
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
