import { createHmac, timingSafeEqual } from 'node:crypto'

export const signatureHeader = 'x-mzalert-signature'

/** What `verifySignature()` takes. */
export interface SignedRequest {
  readonly secret: string
  /** The header `X-Mzalert-Signature`. */
  readonly signature: string | null | undefined
  /** The body as it came, before it is parsed. */
  readonly body: string | Uint8Array
  /** Milliseconds since 1970. Default: `Date.now()`. */
  readonly nowMs?: number
  /** How far the time in the signature may be off, in milliseconds. Default: 300 000. */
  readonly toleranceMs?: number
}

/** For receivers: whether a request was signed by who knows the secret, not long ago. Never throws. */
export function verifySignature({
  secret,
  signature,
  body,
  nowMs,
  toleranceMs = 300_000,
}: SignedRequest): boolean {
  const [, seconds = '', hex = ''] = /^t=(\d{1,15}),v1=([0-9a-f]{64})$/.exec(signature ?? '') ?? []
  if (hex === '' || Math.abs((nowMs ?? Date.now()) - Number(seconds) * 1000) > toleranceMs) return false
  return timingSafeEqual(Buffer.from(hex, 'hex'), hmac(secret, seconds, body))
}

/** What the header says of a body that is sent now. */
export function sign(secret: string, body: string, nowMs: number): string {
  const seconds = String(Math.floor(nowMs / 1000))
  return `t=${seconds},v1=${hmac(secret, seconds, body).toString('hex')}`
}

/** The time is signed, too, so that a request cannot be repeated later. */
function hmac(secret: string, seconds: string, body: string | Uint8Array): Buffer {
  return createHmac('sha256', secret).update(`${seconds}.`).update(body).digest()
}
