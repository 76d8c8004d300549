-- One file has no parts.
SELECT NULL
