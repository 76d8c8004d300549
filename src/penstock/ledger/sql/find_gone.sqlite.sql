-- Which of a JSON list of names are those of messages that are gone.
SELECT g.number_id, g.wamid FROM json_each(:names) t CROSS JOIN messages g ON g.wamid = t.value
