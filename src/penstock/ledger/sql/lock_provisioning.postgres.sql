-- Waits for every transaction that was decided by the present version, and lets the next ones wait for the new one.
LOCK TABLE provisioning IN ACCESS EXCLUSIVE MODE
