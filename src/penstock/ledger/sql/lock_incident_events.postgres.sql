-- Events of incidents are added by one transaction at a time, so that their numbers are in the order of the commits.
SELECT pg_advisory_xact_lock(810011)
