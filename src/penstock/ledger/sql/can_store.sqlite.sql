-- It changes nothing, but it takes the write lock and commits, as a webhook would.
UPDATE provisioning SET version = version
