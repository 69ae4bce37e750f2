-- An index keeps its view's rows in memory, current, and a subscription or a SELECT reads them from there. These views are small,
-- whatever the rate of events. The events themselves have none: they would fill the memory, and are in storage anyway.
CREATE DEFAULT INDEX ON dim_deployments;
CREATE DEFAULT INDEX ON organization_alert;
CREATE DEFAULT INDEX ON customer_alert;
