-- What the exporter may do: read the three views that it streams. The cluster is that of a fresh Materialize.
CREATE ROLE event_exporter;
GRANT USAGE ON CLUSTER quickstart TO event_exporter;
GRANT USAGE ON DATABASE materialize TO event_exporter;
GRANT USAGE ON SCHEMA public TO event_exporter;
GRANT SELECT ON organization_alert, customer_alert, dim_deployments TO event_exporter;
