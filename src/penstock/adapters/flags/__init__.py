"""Flag systems of the users' own."""
