-- Two sources joined: an enterprise customer with more than ${enterprise_limit} deployments in the window.
CREATE VIEW customer_alert AS
SELECT
  'tier_limit' AS alert_cond,
  customers.customer_name AS customer_name,
  customers.tier AS tier
FROM fct_customer_events
JOIN customers ON customers.customer_id = fct_customer_events.customer_id
WHERE customers.tier = 'enterprise'
  AND fct_customer_events.event_type = 'deployment_created'
  AND mz_now() >= fct_customer_events.event_ts * 1000
  AND mz_now() < fct_customer_events.event_ts * 1000 + ${window_ms}
GROUP BY customers.customer_id, customers.customer_name, customers.tier
HAVING count(*) > ${enterprise_limit};
