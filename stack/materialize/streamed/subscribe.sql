-- What comes with each view that is streamed, at once: until the grant, a client that comes back is turned away.
GRANT SELECT ON ${view} TO event_exporter;
-- An index keeps the view's rows in memory, current, and a subscription or a SELECT reads them from there. These views are small, whatever
-- the rate of events. The events themselves have none: they would fill the memory, and are in storage anyway.
CREATE DEFAULT INDEX ON ${view};
