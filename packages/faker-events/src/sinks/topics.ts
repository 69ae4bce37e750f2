import { invalidOption, reasonOf, sinkFailed } from '../errors.js'
import { text, whole } from '../options.js'
import { isRetryable } from '../retryable.js'

/** A topic that is to be there. */
export interface KafkaTopic {
  readonly topic: string
  readonly partitions: number
  /** Default: the broker's. */
  readonly replicas?: number
  /** The topic's settings, such as `{ 'cleanup.policy': 'compact' }`. */
  readonly config?: Readonly<Record<string, string>>
}

/** What we need of an admin client: kafkajs's and Confluent's are accepted as they are. */
export interface KafkaAdmin {
  readonly createTopics: (options: {
    topics: {
      topic: string
      numPartitions: number
      replicationFactor?: number
      configEntries?: { name: string; value: string }[]
    }[]
  }) => Promise<unknown>
}

/** Which topics are to be there, and by whom they are made. */
export interface KafkaTopicsOptions {
  /** Connected by its owner, who disconnects it, too. */
  readonly admin: KafkaAdmin
  readonly topics: readonly KafkaTopic[]
}

/**
 * Creates the topics that are missing, and gives their names. One that is there stays as it is, whatever its
 * partitions and settings. Nothing else in this package ever creates a topic. `SINK_FAILED` if the broker refuses.
 */
export async function kafkaTopics({ admin, topics }: KafkaTopicsOptions): Promise<readonly string[]> {
  if (typeof admin?.createTopics !== 'function')
    throw invalidOption('admin', admin, 'an object with a method createTopics')
  for (const { topic, partitions, replicas } of topics) {
    text('topic', topic)
    whole('partitions', partitions, 1, 100_000)
    if (replicas !== undefined) whole('replicas', replicas, 1, 1000)
  }
  const created: string[] = []
  for (const { topic, partitions: numPartitions, replicas, config = {} } of topics) {
    const configEntries = Object.entries(config).map(([name, value]) => ({ name, value }))
    const wanted = {
      topic,
      numPartitions,
      ...(replicas !== undefined && { replicationFactor: replicas }),
      ...(configEntries.length > 0 && { configEntries }),
    }
    try {
      // One at a time, or one that is there would hide what became of the others.
      if ((await admin.createTopics({ topics: [wanted] })) !== false) created.push(topic)
    } catch (error) {
      if (!/already exists/i.test(reasonOf(error)))
        throw sinkFailed(`kafkaTopics(${topic})`, error, isRetryable(error))
    }
  }
  return created
}
