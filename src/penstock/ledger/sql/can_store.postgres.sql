-- It commits, as a webhook would, in a row of its own: nobody who waits for the provisioning waits for it.
UPDATE probes SET tries = tries + 1
