-- The sources on current versions: two topics, read over one connection. A source is kept in durable storage: after a restart it goes on
-- where it was.
CREATE CONNECTION kafka TO KAFKA (BROKER '${kafka_broker}', SECURITY PROTOCOL = 'PLAINTEXT');
CREATE SOURCE deployments FROM KAFKA CONNECTION kafka (TOPIC 'deployments') FORMAT JSON;
CREATE SOURCE customers_json FROM KAFKA CONNECTION kafka (TOPIC 'customers') FORMAT JSON;
-- The producer sends its customers again whenever it starts.
CREATE VIEW customers AS
SELECT DISTINCT
  (data->>'customer_id')::int AS customer_id,
  data->>'customer_name' AS customer_name,
  data->>'tier' AS tier
FROM customers_json;
