SELECT owner, lease_until FROM leaders WHERE role = :role
