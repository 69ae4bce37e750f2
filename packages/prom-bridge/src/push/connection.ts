import type { CheckedOptions } from './options.js'

/** What became of a request. */
export type Outcome =
  | { readonly type: 'taken' }
  | { readonly type: 'refused'; readonly status: number; readonly problem: string }
  /** It may be made again, after so long if the receiver says so. */
  | { readonly type: 'failed'; readonly problem: string; readonly afterMs: number | undefined }

/** As much of an answer is read. */
const maxAnswerBytes = 8192

/** Makes one request with a compressed message. Never rejects, and is over in time, whatever `fetch` makes of a signal. */
export async function post(body: Uint8Array, options: CheckedOptions, stop: AbortSignal): Promise<Outcome> {
  const { timeoutMs } = options
  const abort = new AbortController()
  const { signal } = abort
  const onStop = (): void => abort.abort(stop.reason)
  const timer = setTimeout(() => abort.abort(new Error(`No answer within ${timeoutMs} ms.`)), timeoutMs)
  try {
    return await new Promise<Outcome>((resolve, reject) => {
      signal.addEventListener('abort', () => reject(signal.reason))
      stop.addEventListener('abort', onStop)
      if (stop.aborted) onStop()
      answered(body, options, signal).then(resolve, reject)
    })
  } catch (error) {
    const { message, cause } = error as Error
    return { type: 'failed', problem: cause instanceof Error ? cause.message : message, afterMs: undefined }
  } finally {
    clearTimeout(timer)
    stop.removeEventListener('abort', onStop)
  }
}

async function answered(
  body: Uint8Array,
  { url, headers, intervalMs, fetch }: CheckedOptions,
  signal: AbortSignal,
): Promise<Outcome> {
  const response = await fetch(url, {
    method: 'POST',
    headers: {
      ...headers,
      // What an answer could be unpacked to has no bound.
      'accept-encoding': 'identity',
      'content-encoding': 'snappy',
      'content-type': 'application/x-protobuf',
      'user-agent': 'mzalert-prom-bridge',
      'x-prometheus-remote-write-version': '0.1.0',
    },
    body: new Uint8Array(body),
    // Followed, it would be a GET of another place, with our headers.
    redirect: 'manual',
    signal,
  })
  const said = await beginningOf(response)
  const { ok, status } = response
  if (ok) return { type: 'taken' }
  if (status < 500 && status !== 429) {
    const to = response.headers.get('location')
    const problem = status < 400 && to !== null ? `redirected to ${to}: use that as url` : said
    return { type: 'refused', status, problem }
  }
  const seconds = Number(response.headers.get('retry-after') ?? Number.NaN)
  const afterMs = Number.isFinite(seconds) ? Math.min(Math.max(0, seconds) * 1000, intervalMs) : undefined
  return { type: 'failed', problem: `${status} ${said}`, afterMs }
}

async function beginningOf({ body }: Response): Promise<string> {
  if (body === null) return ''
  const reader = body.getReader()
  const chunks: Uint8Array[] = []
  let length = 0
  while (length < maxAnswerBytes) {
    const { done, value } = await reader.read()
    if (done) break
    chunks.push(value)
    length += value.byteLength
  }
  await reader.cancel().catch(() => {})
  return Buffer.concat(chunks).toString().trim().slice(0, 500)
}
