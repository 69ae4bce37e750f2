import { Readable } from 'node:stream'
import { ReadableStream } from 'node:stream/web'

/**
 * An iteration as a Readable of objects. Nothing is taken before it is read, and one object ahead at most; `destroy()` ends the
 * iteration at once, and what the iteration throws destroys the stream with it.
 */
export function readableOf<T>(source: AsyncIterable<T>): Readable {
  return Readable.from(source, { objectMode: true, highWaterMark: 1 })
}

/** The same as a web stream: `cancel()` ends the iteration. */
export function webStreamOf<T>(source: AsyncIterable<T>): ReadableStream<T> {
  const iterator = source[Symbol.asyncIterator]()
  return new ReadableStream<T>(
    {
      pull: async controller => {
        const { done, value } = await iterator.next()
        if (done) controller.close()
        else controller.enqueue(value)
      },
      cancel: async () => {
        await iterator.return?.()
      },
    },
    // Nothing before somebody reads.
    { highWaterMark: 0 },
  )
}
