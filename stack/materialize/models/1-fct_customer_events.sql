-- One row per event, typed. `deployments` is the source: a Kafka topic in Materialize, a table in the embedded engine.
CREATE VIEW fct_customer_events AS
SELECT
  (data->>'customer_id')::int AS customer_id,
  data->>'customer_name' AS customer_name,
  data->>'deployment_type' AS deployment_type,
  data->>'event_type' AS event_type,
  data->>'organization' AS organization,
  (data->>'event_ts')::bigint AS event_ts
FROM deployments;
