/** What is used of an answer's body. */
export interface AnswerBody {
  /** Without it, `text()` is read whole. */
  readonly body?: ReadableStream<Uint8Array> | null
  text(): Promise<string>
}

/** Enough for the reason that a server gives; some of them never end. */
const readBytes = 8192
const readForMs = 1000

/** The beginning of a body, as much of it as comes in a second; then the connection is given up. Never rejects. */
export async function beginningOf(answer: AnswerBody): Promise<string> {
  const { body } = answer
  if (body === undefined) return answer.text().catch(() => '')
  if (body === null) return ''
  const reader = body.getReader()
  const timer = setTimeout(() => void reader.cancel().catch(() => {}), readForMs)
  const chunks: Uint8Array[] = []
  try {
    for (let length = 0; length < readBytes; ) {
      const { done, value } = await reader.read()
      if (done) break
      chunks.push(value)
      length += value.length
    }
  } catch {
    // What has come is all there is.
  } finally {
    clearTimeout(timer)
    void reader.cancel().catch(() => {})
  }
  return Buffer.concat(chunks).subarray(0, readBytes).toString()
}

/** Nobody needs the rest of it. */
export async function dismiss({ body }: AnswerBody): Promise<void> {
  await body?.cancel().catch(() => {})
}
