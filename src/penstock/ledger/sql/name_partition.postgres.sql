-- Which part the next statement is about: it can take no parameters. It waits a moment only for others to let go.
SELECT set_config('penstock.part', :name, true), set_config('penstock.starts_at', :starts_at, true),
  set_config('penstock.ends_at', :ends_at, true), set_config('lock_timeout', :patience, true)
