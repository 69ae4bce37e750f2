-- The sources on the embedded engine: tables that the producer writes to.
CREATE TABLE deployments (data jsonb NOT NULL);
-- Matches the upper bound of the temporal filter, which is the selective one.
CREATE INDEX deployments_window ON deployments (((data->>'event_ts')::bigint * 1000 + ${window_ms}));
CREATE TABLE customers (customer_id int PRIMARY KEY, customer_name text NOT NULL, tier text NOT NULL);
