-- Deployments per organization and type in the last ${window_ms} ms. The two bounds on mz_now() are a temporal filter: rows enter
-- and leave the window as time passes, without new events.
CREATE VIEW dim_deployments AS
SELECT
  organization,
  deployment_type,
  count(*) AS deployment_cnt,
  count(DISTINCT customer_id) AS customer_cnt
FROM fct_customer_events
WHERE event_type = 'deployment_created'
  AND mz_now() >= event_ts * 1000
  AND mz_now() < event_ts * 1000 + ${window_ms}
GROUP BY organization, deployment_type;
