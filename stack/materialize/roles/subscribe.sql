-- Who the exporter is. It may read the views that it streams, each by the grant that comes with it. The cluster is that of a fresh Materialize.
CREATE ROLE event_exporter;
GRANT USAGE ON CLUSTER quickstart TO event_exporter;
GRANT USAGE ON DATABASE materialize TO event_exporter;
GRANT USAGE ON SCHEMA public TO event_exporter;
