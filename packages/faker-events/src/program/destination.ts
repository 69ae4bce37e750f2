import { invalidConnection } from '../errors.js'
import { ndjson } from '../sinks/ndjson.js'
import { postgres } from '../sinks/postgres.js'
import type { Sink } from '../types.js'
import type { RunArguments } from './arguments.js'
import { openKafka } from './kafka.js'
import { kafkaAddress } from './kafka-address.js'

type Destination = Pick<RunArguments, 'to' | 'topic' | 'partitions' | 'topicConfig' | 'table' | 'column'>

/** A sink for `--to`, with what it needs connected; closing it gives everything back. */
export async function open(
  asked: Destination,
  scenario: string,
  output: NodeJS.WritableStream,
): Promise<Sink> {
  if (asked.to === '-') return ndjson({ stream: output as never })
  const address = kafkaAddress(asked.to)
  if (address) {
    const { topic = address.topic ?? scenario, partitions, topicConfig: config } = asked
    return openKafka({ ...address, topic, partitions, config })
  }
  if (/^postgres(ql)?:\/\//.test(asked.to)) {
    const { to: connection, table = scenario, column } = asked
    return postgres({ connection, table, ...(column !== undefined && { column }) })
  }
  throw invalidConnection('--to', 'kafka://host:port, a postgres:// URL, or - for standard output')
}
