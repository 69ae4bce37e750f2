import { type DeploymentsScenario, ndjson, type Sink } from '@mzalert/faker-events'
import type { Waiting } from './broker.js'
import type { KafkaDestination } from './kafka.js'
import { openTable, type TableDestination } from './table.js'

export type { KafkaDestination, TableDestination, Waiting }

/** Standard output, an event a line. */
export interface OutputDestination {
  readonly sink: 'ndjson'
}

/** Where the events go, and the customers they refer to. */
export type Destination = KafkaDestination | TableDestination | OutputDestination

/** Brings the scenario's customers there (not to standard output), and gives a sink for its events. */
export async function open(
  destination: Destination,
  scenario: DeploymentsScenario,
  waiting: Waiting,
): Promise<Sink> {
  switch (destination.sink) {
    case 'kafka':
      // kafkajs is loaded by who needs it.
      return (await import('./kafka.js')).openKafka(destination, scenario, waiting)
    case 'postgres':
      return openTable(destination, scenario)
    case 'ndjson':
      return ndjson({ stream: process.stdout })
  }
}
