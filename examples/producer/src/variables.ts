/** The variables that say where things go: what holds if one is not set, and what it means. */
export const destinations = {
  SINK: ['ndjson', 'kafka, postgres, or ndjson for standard output'],
  KAFKA_BROKERS: ['127.0.0.1:19092', 'host:port, by commas'],
  KAFKA_SSL: ['false', 'true: speaks TLS with them'],
  KAFKA_USERNAME: ['none', 'who it is (SASL), with KAFKA_PASSWORD'],
  KAFKA_PASSWORD: ['none', 'and how it shows that'],
  KAFKA_SASL_MECHANISM: ['plain', 'plain, scram-sha-256 or scram-sha-512'],
  KAFKA_TOPIC: ['deployments', 'the topic of the events'],
  KAFKA_CUSTOMERS_TOPIC: ['customers', 'the compacted topic of the customers'],
  KAFKA_PARTITIONS: ['0', 'creates missing topics with so many partitions; 0: does not'],
  DATABASE_URL: ['postgres://materialize@127.0.0.1:6875/materialize', 'a PostgreSQL or Materialize server'],
  TABLE: ['deployments', 'the table of the events'],
  COLUMN: ['data', 'its column of type jsonb'],
  CUSTOMERS_TABLE: ['customers', 'the table of the customers'],
  PORT: ['none', 'serves /-/healthy, /-/ready and /metrics there; 0 for any free port'],
  HOST: ['127.0.0.1', 'the address to serve them on'],
} as const
