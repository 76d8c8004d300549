-- The work on many items is over; how often each was tried, or nothing where the lease was lost.
WITH given AS MATERIALIZED (
  SELECT * FROM unnest((SELECT CAST(:media_row AS bigint[])), (SELECT CAST(:fence AS bigint[])))
    WITH ORDINALITY AS t (media_row, fence, place)),
done AS (
  DELETE FROM fetches f USING given g WHERE f.media_row = g.media_row AND f.fence = g.fence AND f.turn = 'taken'
  RETURNING g.place, f.attempts + 1 AS made)
SELECT d.made FROM given g LEFT JOIN done d ON d.place = g.place ORDER BY g.place
