DELETE FROM leaders WHERE role = :role AND owner = :owner
