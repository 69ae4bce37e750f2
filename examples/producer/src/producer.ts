import {
  type Deployment,
  type DeploymentsOptions,
  type RunOptions,
  type RunStats,
  run,
  scenarios,
} from '@mzalert/faker-events'
import { type Destination, open, type Waiting } from './destinations.js'
import { patience } from './patience.js'

export type { Destination, KafkaDestination, OutputDestination, TableDestination } from './destinations.js'

/** Where the events go, which they are, and from when to when. */
export type ProducerOptions = Destination & {
  readonly scenario?: DeploymentsOptions
  /** The scenario's origin, epoch milliseconds. Default: now. */
  readonly from?: number
  /** No event at or after it. Default: none. */
  readonly to?: number
}

/** What to hear of while it runs, and how to end it: the batch in hand is sent, then everything is closed. */
export type ProducerControls = Waiting &
  Pick<RunOptions<Deployment>, 'clock' | 'signal' | 'onBatch' | 'onLate' | 'onRetry'>

/**
 * Sends the deployments scenario as its events come due; resolves when it ends or the signal aborts. While the destination
 * is away it keeps what it could not send and tries again, for as long as it takes; what will not pass rejects.
 */
export async function producer(options: ProducerOptions, controls: ProducerControls = {}): Promise<RunStats> {
  const { scenario: asked, from, to } = options
  const scenario = scenarios.deployments(asked)
  const { onWait: _, ...running } = controls
  const sink = await open(options, scenario, controls)
  const range = { ...(from !== undefined && { from }), ...(to !== undefined && { to }) }
  try {
    return await run({ scenario, sink, retry: patience, ...range, ...running })
  } finally {
    await sink.close()
  }
}
