-- One row per alert that fires now: an organization with more than ${threshold} deployments in the window.
CREATE VIEW organization_alert AS
SELECT 'deployment_spike' AS alert_cond, organization AS labels
FROM dim_deployments
GROUP BY organization
HAVING sum(deployment_cnt) > ${threshold};
