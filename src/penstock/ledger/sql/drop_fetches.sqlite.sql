-- The work on files of a JSON list of rows is over, whoever has it; until when it is leased.
DELETE FROM fetches WHERE media_row IN (SELECT value FROM json_each(:ids)) RETURNING media_row, lease_until
