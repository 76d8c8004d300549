-- What processes have in their hands that are gone: a JSON list of [process, last beat]. One that has beaten since is not.
UPDATE fetches SET turn = 'ready', owner = NULL, lease_until = NULL WHERE media_row = ANY (ARRAY (
  SELECT f.media_row FROM jsonb_array_elements(CAST(:gone AS jsonb)) AS g (value)
  JOIN processes p ON p.id = g.value->>0 AND p.seen_at = (g.value->>1)::float8
  JOIN fetches f ON f.owner = p.id
  WHERE f.turn = 'taken' LIMIT :limit FOR UPDATE OF f SKIP LOCKED))
RETURNING 1
