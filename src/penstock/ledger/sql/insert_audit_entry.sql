INSERT INTO audit_log (number, at, entry, digest) VALUES (:number, :at, :entry, :digest)
