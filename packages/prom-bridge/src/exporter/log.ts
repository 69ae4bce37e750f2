import { pino } from 'pino'
import type { BridgeEvent } from '../types.js'
import { redactor } from './secrets.js'

/** A log of what happens, line by line as JSON. */
export interface Log {
  readonly event: (event: BridgeEvent) => void
  readonly info: (message: string, details?: object) => void
  readonly warn: (message: string, details?: object) => void
  readonly error: (message: string, details?: object) => void
}

/** What is known to be secret is never written, wherever it may come from: errors of servers repeat what they were told. */
export function newLog(level: string, secrets: readonly string[], write: (line: string) => void): Log {
  const redacted = redactor(secrets)
  const logger = pino({ level, base: null, timestamp: pino.stdTimeFunctions.isoTime }, { write })
  return {
    event: event => {
      const { type, ...details } = event
      const known = 'error' in event ? { ...details, error: undefined, ...problemOf(event.error) } : details
      logger[levelOf(event)](redacted({ event: type, ...known }), sentence(event))
    },
    info: (message, details = {}) => logger.info(redacted(details), redacted(message)),
    warn: (message, details = {}) => logger.warn(redacted(details), redacted(message)),
    error: (message, details = {}) => logger.error(redacted(details), redacted(message)),
  }
}

function levelOf({ type }: BridgeEvent): 'info' | 'warn' | 'error' {
  if (type === 'failed' || type === 'blocked' || type === 'scrape-failed') return 'error'
  return type === 'retry' ? 'warn' : 'info'
}

function problemOf(error: unknown): object {
  if (!(error instanceof Error)) return { problem: String(error) }
  return { problem: error.message, ...('code' in error ? { code: error.code } : {}) }
}

function sentence(event: BridgeEvent): string {
  switch (event.type) {
    case 'snapshot':
      return 'The first snapshot is exported.'
    case 'retry':
      return 'The connection is lost, and is tried again.'
    case 'reconciled':
      return 'What was missed is exported.'
    case 'ended':
      return 'The view will not change any more.'
    case 'blocked':
      return 'The rows break a policy: the last good state is exported until that is over.'
    case 'unblocked':
      return 'The rows are good again, and exported.'
    case 'failed':
      return event.delayMs === undefined ? 'The view is over.' : 'The view failed, and is opened again.'
    case 'scrape-failed':
      return 'A metric was left out of an answer, or there was none.'
  }
}
