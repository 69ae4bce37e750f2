-- The sources on v0.26: it knows no connections, and takes JSON only as bytes. A source is read anew, from the beginning, after a restart.
CREATE SOURCE deployments_bytes FROM KAFKA BROKER '${kafka_broker}' TOPIC 'deployments' WITH (timestamp_frequency_ms = 100) FORMAT BYTES;
CREATE SOURCE customers_bytes FROM KAFKA BROKER '${kafka_broker}' TOPIC 'customers' WITH (timestamp_frequency_ms = 100) FORMAT BYTES;
CREATE VIEW deployments AS
SELECT convert_from(data, 'utf8')::jsonb AS data
FROM deployments_bytes;
CREATE VIEW customers_json AS
SELECT convert_from(data, 'utf8')::jsonb AS data
FROM customers_bytes;
-- The producer sends its customers again whenever it starts.
CREATE MATERIALIZED VIEW customers AS
SELECT DISTINCT
  (data->>'customer_id')::int AS customer_id,
  data->>'customer_name' AS customer_name,
  data->>'tier' AS tier
FROM customers_json;
