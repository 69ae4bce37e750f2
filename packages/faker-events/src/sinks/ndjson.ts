import type { Writable } from 'node:stream'
import { sinkClosed } from '../errors.js'
import type { GeneratedEvent, Sink } from '../types.js'
import { sink } from './contract.js'

/**
 * An event as one line of JSON: `{"stream":…,"index":…,"timestampMs":…,"topic":…,"key":…,"value":…}` and a newline;
 * `arrivesMs`, `headers` and `body` only where the event has them. The seed and the origin, which are the same in all
 * lines of a run, are left out.
 */
export function ndjsonLine(event: GeneratedEvent): string {
  const { stream, index, timestampMs, topic, key, value, arrivesMs, headers, body } = event
  return `${JSON.stringify({ stream, index, timestampMs, topic, key, value, arrivesMs, headers, body })}\n`
}

// Node says of a reader that went away, of a stream that was destroyed, and of one that was ended.
const gone: ReadonlySet<unknown> = new Set(['EPIPE', 'ERR_STREAM_DESTROYED', 'ERR_STREAM_WRITE_AFTER_END'])

/**
 * Writes events as lines of JSON, one write a batch, and resolves when the stream has let go of it (so that a slow
 * reader slows the sender down). A stream whose reader is gone gives `SINK_CLOSED`. The stream stays its owner's:
 * closing the sink does not end it.
 */
export function ndjson({ stream }: { readonly stream: Writable }): Sink {
  // The write's own callback has the error; without a listener the same error would end the process.
  const ignore = (): void => undefined
  stream.on('error', ignore)
  return sink({
    name: 'ndjson',
    send: events =>
      new Promise((resolve, reject) => {
        stream.write(events.map(ndjsonLine).join(''), error => {
          if (!error) return resolve()
          const code = 'code' in error ? error.code : undefined
          reject(gone.has(code) ? sinkClosed('ndjson', error) : error)
        })
      }),
    close: async () => {
      stream.off('error', ignore)
    },
  })
}
