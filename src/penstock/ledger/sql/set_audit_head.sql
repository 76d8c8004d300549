UPDATE audit_head SET entries = :entries, digest = :digest
