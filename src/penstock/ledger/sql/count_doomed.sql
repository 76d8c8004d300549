SELECT count(*) FROM doomed
