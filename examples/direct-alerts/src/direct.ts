import { type Alert, fileStore, type Notifier, notify } from '@mzalert/alert-sinks'
import { tail } from '@mzalert/tail-client'
import { type Config, durationMs, type ViewConfig } from './config.js'
import { sinksOf } from './sinks.js'

export { type Config, readConfig } from './config.js'

/** Alerts wait for the connection: once the server is there again, it is found within two seconds. */
const retry = { maxMs: 2000 }

/** Every view's alerts, on their way to the sinks. */
export interface DirectAlerts {
  readonly notifiers: readonly Notifier[]
  /** Resolves when every view has its first snapshot. */
  readonly ready: Promise<void>
  /** Rejects when the stream of a view is over by an error: its alerts stay as they are, and only a new start goes on. Never resolves. */
  readonly failed: Promise<never>
  readonly close: () => Promise<void>
}

/** Starts one notifier for each view of the file. `say` is told what happens, a line at a time. */
export function directAlerts(config: Config, say: (line: string) => void): DirectAlerts {
  const { connection, store, alerts } = config
  let fail = (_error: Error): void => {}
  const failed = new Promise<never>((_resolve, reject) => {
    fail = reject
  })
  // Nobody has to wait for it.
  failed.catch(() => {})
  const notifiers = alerts.map(({ view, for: pending, keepFiring, ...texts }: ViewConfig) => {
    const notifier = notify(tail(view, { connection, waitForRelation: true, retry }), {
      name: view,
      ...texts,
      ...(pending === undefined ? {} : { forMs: durationMs(pending) }),
      ...(keepFiring === undefined ? {} : { keepFiringMs: durationMs(keepFiring) }),
      ...(store === undefined ? {} : { store: fileStore(store) }),
      sinks: sinksOf(config),
    })
    tell(notifier, view, say)
    notifier.events.on('ended', ({ error }) => error && fail(error))
    notifier.events.on('skipped', ({ reason, what }) => {
      say(`${view}: ${reason}: ${what}`)
      // No schema makes columns here: its alerts would never fire.
      if (reason === 'unknown_column') fail(new Error(what))
    })
    return notifier
  })
  return {
    notifiers,
    failed,
    ready: Promise.all(notifiers.map(({ ready }) => ready)).then(() => undefined),
    close: async () => {
      await Promise.all(notifiers.map(notifier => notifier.close()))
    },
  }
}

function tell({ events }: Notifier, view: string, say: (line: string) => void): void {
  const name = ({ annotations, fingerprint }: Alert): string => annotations['summary'] ?? fingerprint
  events.on('firing', alert => say(`${view}: firing: ${name(alert)}`))
  events.on('resolved', alert => say(`${view}: resolved: ${name(alert)}`))
  events.on('retry', ({ error, delayMs }) => say(`${view}: ${error.message} (in ${Math.round(delayMs)} ms)`))
  events.on('failed', ({ error }) => say(`${view}: ${error.message}`))
  events.on('storeFailed', error => say(`${view}: ${error.message}`))
  events.on('ended', ({ error }) => say(`${view}: ${error?.message ?? 'will not change any more'}`))
}
