SELECT min(m.received_at), (SELECT count(*) FROM fetches x WHERE x.deadline <= :soon)
FROM fetches f JOIN media m ON m.id = f.media_row WHERE f.owner IS NULL
