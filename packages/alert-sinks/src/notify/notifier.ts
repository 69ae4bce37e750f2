import type { EventEmitter } from 'eventemitter3'
import type { AlertSource, NotifyEvents, NotifyOptions } from '../types.js'
import type { Inspection } from './inspection.js'
import { RunningNotifier } from './running.js'
import { settings } from './settings.js'

/** Alerts on their way from a view to sinks; made by `notify()`. */
export interface Notifier extends AsyncDisposable {
  readonly events: EventEmitter<NotifyEvents>
  /**
   * Resolves when the first snapshot is compared with what was stored. Rejects with the error that came before that, or with `CLOSED`;
   * nobody needs to listen.
   */
  readonly ready: Promise<void>
  /** Alerts, queues and sinks as they are now. */
  inspect(): Inspection
  /**
   * Closes the source, sends what is left for `drainMs`, and saves; ends a second after that at the latest. What fires is not resolved by it.
   * Idempotent. Rejects as the source does, or with `STREAM_FAILED` if that does not close in time; everything else is closed nevertheless.
   */
  close(): Promise<void>
}

/**
 * Tells sinks of the rows of a view as alerts: a row appears and its alert fires; it goes, and the alert is resolved. Begins at once.
 *
 * Every alert that fires reaches every sink at least once, and so does its end, across restarts (with a `store`) and outages of sinks.
 * Where a sink could not be reached meanwhile, the newest state stands for those before it. Nothing is resolved because of a disconnect.
 *
 * Throws `INVALID_OPTION` and `NAME_TAKEN` before anything happens.
 *
 * @example
 * await using alerts = notify(tail('organization_alert', { connection }), {
 *   name: 'organization_alert',
 *   labels: { organization: 'labels' },
 *   annotations: { summary: 'Organization {{ labels }} deploys more than usual' },
 *   sinks: [alertmanager({ url: 'http://alertmanager:9093' })],
 *   store: fileStore('/var/lib/alerts'),
 * })
 */
export function notify<Row>(source: AlertSource<Row>, options: NotifyOptions<Row>): Notifier {
  const checked = settings(options)
  return new RunningNotifier(source, options, checked)
}
